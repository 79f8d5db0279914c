/** About 370 bytes of JSON, and different in each event. */
export interface BenchProperties {
  readonly n: number;
  readonly workflowId: string;
  readonly workflow: string;
  readonly status: string;
  readonly ms: number;
  readonly steps: number;
  readonly trigger: string;
  readonly host: string;
  readonly plan: string;
  readonly message: string;
}

/** Made at each call, as an application does. */
export function propertiesOf(n: number): BenchProperties {
  return {
    n,
    workflowId: `018f0000-0000-7000-8000-${String(n % 200).padStart(12, '0')}`,
    workflow: `synchronise the orders of shop ${n % 200} with the warehouse`,
    status: n % 7 === 0 ? 'error' : 'success',
    ms: 20 + ((n * 7_919) % 30_000),
    steps: 3 + (n % 12),
    trigger: n % 2 === 0 ? 'schedule' : 'webhook',
    host: `worker-${n % 16}.eu-central-1.internal`,
    plan: 'business',
    message: 'the order was accepted by the warehouse and a label was printed for the parcel',
  };
}
