// The floor: a constant answer with the headers that say what it is.
import { onPort } from './on-port.ts';
import { serve } from './serve.ts';

const BODY = '{"status":"ok"}';
const HEADERS = { 'content-type': 'application/json', 'content-length': String(BODY.length) };

await serve(() =>
  onPort((_request, response) => {
    response.writeHead(200, HEADERS).end(BODY);
  }),
);
