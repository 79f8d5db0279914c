import type { AddressInfo } from 'node:net';
import { createLightship } from 'lightship';
import { serve } from './serve.ts';

await serve(async () => {
  // Outside Kubernetes it takes a free port; its signal handlers are of no use here.
  const lightship = await createLightship({ signals: [] });
  lightship.signalReady();
  return (lightship.server.address() as AddressInfo).port;
});
