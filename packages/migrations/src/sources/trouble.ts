/** Something wrong in a text that is otherwise at hand. */
export interface Trouble {
  /** UTF-16 units into the text. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}
