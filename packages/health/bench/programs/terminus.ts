import { createServer } from 'node:http';
import { createTerminus } from '@godaddy/terminus';
import { listen } from './on-port.ts';
import { serve } from './serve.ts';

await serve(({ ask }) => {
  const server = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  return listen(createTerminus(server, { healthChecks: { '/health': () => ask() } }));
});
