// Decorators are called as functions: Node runs TypeScript without decorators.
import { Controller, type DynamicModule, Get, Inject } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  TerminusModule,
} from '@nestjs/terminus';
import { type Dependency, serve } from './serve.ts';

await serve(async ({ ask, settings }) => {
  const application = await NestFactory.create(healthModule({ ask, settings }), {
    logger: false,
    abortOnError: false,
  });
  await application.listen(0, '127.0.0.1');
  return (application.getHttpServer().address() as { readonly port: number }).port;
});

function healthModule({ ask, settings: { timeout, ttl } }: Dependency): DynamicModule {
  class HealthController {
    readonly #health: HealthCheckService;
    readonly #indicators: HealthIndicatorService;

    constructor(health: HealthCheckService, indicators: HealthIndicatorService) {
      this.#health = health;
      this.#indicators = indicators;
    }

    check(): Promise<unknown> {
      return this.#health.check([
        () => {
          const attempt = this.#indicators.check('dependency').attempt(() => ask());
          if (ttl !== undefined) attempt.cacheFor(ttl);
          if (timeout !== undefined) attempt.withTimeout(timeout);
          return attempt;
        },
      ]);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(HealthController.prototype, 'check') ?? {};
  Get('health')(HealthController.prototype, 'check', descriptor);
  HealthCheck()(HealthController.prototype, 'check', descriptor);
  Inject(HealthCheckService)(HealthController, undefined, 0);
  Inject(HealthIndicatorService)(HealthController, undefined, 1);
  Controller()(HealthController);
  return { module: HealthController, imports: [TerminusModule], controllers: [HealthController] };
}
