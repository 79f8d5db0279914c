import { type Listening, listen } from '../server.ts';

/** A service that this app depends on, which can be turned off and on. */
export interface Dependency {
  readonly url: string;
  off(): Promise<void>;
  on(): Promise<void>;
}

/** Answers 200 to everything while it is on; off, its port refuses connections. */
export async function startDependency(): Promise<Dependency> {
  const answer = async (): Promise<Response> => Response.json({ status: 'pass' });
  let server: Listening | undefined = await listen(answer, 0);
  const { url } = server;
  return {
    url,
    async off() {
      await server?.close();
      server = undefined;
    },
    async on() {
      server ??= await listen(answer, Number(new URL(url).port));
    },
  };
}

/** What a delivered alert looks like to whoever receives it. */
interface Received {
  readonly id: string | null;
  readonly body: unknown;
}

/** The operator's end of the webhook channel. */
export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** Keeps each message once, by its id, as delivery at least once asks of a receiver; answers 204. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = await listen(async (request) => {
    const id = request.headers.get('webhook-id');
    const body: unknown = await request.json();
    if (!received.some((message) => message.id === id)) received.push({ id, body });
    return new Response(null, { status: 204 });
  }, 0);
  return { url: `${server.url}/alerts`, received, close: server.close };
}
