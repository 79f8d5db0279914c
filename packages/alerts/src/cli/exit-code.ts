/** What the program ends with; 130 and 143 after SIGINT and SIGTERM. */
export const EXIT = {
  ok: 0,
  /** It could not be done: not delivered, no such alert, the store cannot be reached. */
  failed: 1,
  /** The command line, the configuration or the file of events is wrong. */
  usage: 2,
  /** `active`: there are alerts. */
  active: 3,
} as const;
