/** Values of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that hold the database's URL; the first that is set counts. */
export const URL_VARIABLES: readonly string[] = ['MIGRATION_DATABASE_URL', 'DATABASE_URL'];
