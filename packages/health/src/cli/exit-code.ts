/**
 * What the program ends with. 0 and 1 are the only results that Docker and Kubernetes know.
 *
 * Docker reserves 2, and takes any other code for an error in running the probe, which a wrong
 * command line is; 64 is `EX_USAGE` of sysexits.h.
 *
 * @see https://docs.docker.com/reference/api/engine/latest/#tag/Container/operation/ContainerInspect
 */
export const EXIT = {
  ok: 0,
  failed: 1,
  warnings: 3,
  errors: 4,
  usage: 64,
} as const;
