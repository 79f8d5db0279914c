const PROGRAM = `Health of a service and of its database.

Usage: ops-health <command> [options]

Commands:
  check <url>  ask a health page once, for HEALTHCHECK of a Dockerfile
  doctor       look for what is or may go wrong in a PostgreSQL database

Options:
  --help, -h   help, also of a command: ops-health check --help
  --version    print the version

Exit codes: 0 healthy, or nothing to be done · 1 unhealthy, or not to be asked
  3 doctor warns · 4 doctor has found errors · 64 the command line is wrong
  130 interrupted (143 by SIGTERM)
`;

const CHECK = `Usage: ops-health check <url> [options]

Asks a health page once and prints one line. Reads application/health+json and its dialects, the text
of kube-apiserver, and of anything else the HTTP status: 200 to 299 passes. Follows no redirect.

  HEALTHCHECK --interval=10s CMD ["ops-health", "check", "http://localhost:8080/readyz"]

Options:
  --timeout DURATION       limit of it all, from the name's look-up to the end of the body
                           (default: 5s); stay below the --timeout of HEALTHCHECK
  --expect pass|warn       the worst status that is healthy (default: warn, which still serves)
  --header 'NAME: VALUE'   send this header as well; may be repeated
  --help                   print this

Exit codes: 0 healthy · 1 unhealthy or not reachable · 64 the command line is wrong
`;

const DOCTOR = `Usage: ops-health doctor [options]

Looks for what is or may go wrong in a PostgreSQL database, 15 to 18, and says what to do about it.
One connection, read-only. Needs the package pg.

Options:
  --database-url URL       postgres://… (default: DATABASE_URL, which no list of processes shows)
  --relation FROM=TO       look for rows of FROM that refer to nothing, as
                           orders.customer_id=customers.id; reads whole tables; may be repeated
  --timeout DURATION       limit of each examination (default: 30s)
  --json                   print the report as one JSON object
  --help                   print this

Exit codes: 0 nothing to be done · 3 warnings · 4 errors, an examination that failed among them
  1 the server is not to be reached · 64 the command line is wrong, or pg is not installed
  130 interrupted (143 by SIGTERM)
`;

/** The help of the program, or of one command. */
export function helpText(command: 'check' | 'doctor' | undefined): string {
  if (command === undefined) return PROGRAM;
  return command === 'check' ? CHECK : DOCTOR;
}
