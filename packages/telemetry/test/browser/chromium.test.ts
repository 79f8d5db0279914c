import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { servePages } from './page-server.ts';

const executablePath = '/usr/bin/chromium';
const isInstalled = existsSync(executablePath);

/** What the script of the page leaves in `window`. */
interface Client {
  track(name: string, props: object): boolean;
  flush(): Promise<unknown>;
  stats(): {
    accepted: number;
    delivered: number;
    pending: number;
    dropped: Record<string, number>;
  };
}
declare global {
  var client: Client;
  var telemetry: { createTelemetry(options: object): Client; localStore(options?: object): object };
  var errors: string[];
  var location: { href: string };
  var history: { back(): void };
  function addEventListener(type: string, listener: (event: never) => void): void;
}

describe.skipIf(!isInstalled)(
  `in Chromium${isInstalled ? '' : ` (not run: there is no ${executablePath})`}`,
  () => {
    let browser: Browser;
    let server: Awaited<ReturnType<typeof servePages>>;
    let other: Awaited<ReturnType<typeof servePages>>;

    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath,
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
        args: [
          '--headless',
          '--no-sandbox',
          '--disable-gpu',
          '--disable-quic',
          '--no-first-run',
          '--disable-background-networking',
          '--disable-component-update',
          '--disable-sync',
        ],
      });
      server = await servePages();
      other = await servePages([server.origin]);
    }, 30_000);

    afterAll(async () => {
      await browser?.close();
      await server?.[Symbol.asyncDispose]();
      await other?.[Symbol.asyncDispose]();
    });

    /** A page with a client in it, in a profile of its own unless one is given. */
    async function open(options: object = {}, within?: BrowserContext): Promise<Page> {
      const context = within ?? (await browser.newContext());
      const page = await context.newPage();
      await page.goto(`${server.origin}/`);
      await start(page, options);
      return page;
    }

    const start = (page: Page, options: object): Promise<void> =>
      page.evaluate((given) => {
        globalThis.errors = [];
        const note = (event: { reason?: unknown; message?: unknown }): void =>
          void globalThis.errors.push(String(event.reason ?? event.message));
        addEventListener('unhandledrejection', note);
        addEventListener('error', note);
        const { store, ...rest } = given as { store?: object };
        globalThis.client = globalThis.telemetry.createTelemetry({
          endpoint: '/t',
          key: 'key',
          ...rest,
          ...(store && { store: globalThis.telemetry.localStore(store) }),
        });
      }, options);

    /** `leaveAfter`: milliseconds from the last event until the page goes elsewhere. */
    const burst = (page: Page, count: number, bytes = 3_000, leaveAfter = -1): Promise<void> =>
      page.evaluate(
        ([many, size, wait]) => {
          for (let n = 0; n < many; n += 1) {
            const random = crypto.getRandomValues(new Uint8Array(size / 2));
            const pad = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
            globalThis.client.track('ping', { n, pad });
          }
          if (wait >= 0) setTimeout(() => (location.href = '/next'), wait);
        },
        [count, bytes, leaveAfter] as const,
      );

    const storedOn = (page: Page): number[] =>
      [...(page.url().startsWith(other.origin) ? other : server).sink.stored.values()].map(
        ({ props }) => (props as { n: number }).n,
      );

    it('loses none of 300 events of 3 kB when the page is left 30 ms after them', async () => {
      server.sink.stored.clear();
      const page = await open();
      await burst(page, 300, 3_000, 30);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(300), { timeout: 5_000 });
      expect(new Set(storedOn(page)).size).toBe(300);
      expect(server.rejections).toEqual([]);
      await page.context().close();
    });

    it('loses none when the tab is closed', async () => {
      server.sink.stored.clear();
      const page = await open();
      await burst(page, 15);
      await page.close({ runBeforeUnload: true });
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(15), { timeout: 5_000 });
      await page.context().close();
    });

    it.each([
      ['returns false', 'navigator.sendBeacon = () => false'],
      ['throws', 'navigator.sendBeacon = () => { throw new Error("blocked") }'],
      ['is absent', 'Object.defineProperty(navigator, "sendBeacon", { value: undefined })'],
    ])('loses none when sendBeacon %s', async (_how, script) => {
      server.sink.stored.clear();
      const context = await browser.newContext();
      await context.addInitScript({ content: script });
      const page = await open({}, context);
      await burst(page, 300, 3_000, 30);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(300), { timeout: 5_000 });
      await context.close();
    });

    it.each([
      ['beacons', ''],
      ['a keepalive request', 'navigator.sendBeacon = () => false'],
    ])('hands over at least 60,000 bytes of a hidden page by %s', async (_way, script) => {
      server.sink.stored.clear();
      const context = await browser.newContext();
      await context.addInitScript({ content: script });
      const page = await open({ batch: { maxEvents: 1e4, interval: '1h' } }, context);
      await burst(page, 100, 1_000);
      await page.evaluate(`
        Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
      `);
      await vi.waitFor(() => expect(server.sink.stored.size).toBeGreaterThan(48));
      await page.waitForTimeout(100);
      const sizes = [...server.sink.stored.values()].map(
        ({ props }) => JSON.stringify(props).length,
      );
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThanOrEqual(65_536);
      expect(await page.evaluate(() => globalThis.errors)).toEqual([]);
      const { accepted, pending, delivered } = await page.evaluate(() => globalThis.client.stats());
      expect(accepted).toBe(pending + delivered);
      await context.close();
    });

    it('stores each event once though the page is left while a request is under way', async () => {
      server.sink.stored.clear();
      server.received.length = 0;
      const page = await open();
      const gate = Promise.withResolvers<void>();
      server.state.held = gate.promise;
      await burst(page, 20, 1_000);
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(20));
      await page.goto(`${server.origin}/next`);
      await vi.waitFor(() => expect(server.received.length).toBe(40));
      gate.resolve();
      server.state.held = undefined;
      expect(server.sink.stored.size).toBe(20);
      await page.context().close();
    });

    it('loses nothing that is tracked in a pagehide listener', async () => {
      server.sink.stored.clear();
      const page = await open();
      await page.evaluate(() => {
        addEventListener('pagehide', () => void globalThis.client.track('ping', { n: 7 }));
      });
      await page.goto(`${server.origin}/next`);
      await vi.waitFor(() => expect(storedOn(page)).toEqual([7]));
      await page.context().close();
    });

    it('goes on after the back/forward cache, which it does not keep the page out of', async () => {
      server.sink.stored.clear();
      const page = await open({ batch: { interval: '1h' } });
      await burst(page, 3, 100);
      await page.evaluate(() => {
        // Reported by the page itself: playwright loses sight of a page that comes out of the cache.
        addEventListener('pageshow', ({ persisted }: { persisted: boolean }) => {
          const report = (): string => JSON.stringify({ persisted, ...globalThis.client.stats() });
          void globalThis.client
            .flush()
            .then(() => fetch('/report', { method: 'POST', body: report() }));
        });
      });
      await page.goto(`${server.origin}/next`);
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(3));
      await page.evaluate(() => void setTimeout(() => history.back(), 0));
      await vi.waitFor(() => expect(server.reports).toHaveLength(1), { timeout: 5_000 });
      expect(JSON.parse(server.reports[0] ?? '')).toMatchObject({
        persisted: true,
        accepted: 3,
        delivered: 3,
        pending: 0,
      });
      expect(server.sink.stored.size).toBe(3);
      await page.context().close();
    });

    it('throws nothing and loses count of nothing where a policy forbids the connection', async () => {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${server.origin}/strict`);
      await start(page, { store: {} });
      await burst(page, 25, 100);
      await page.waitForTimeout(100);
      expect(await page.evaluate(() => globalThis.client.stats())).toMatchObject({
        accepted: 25,
        pending: 25,
      });
      expect(await page.evaluate(() => globalThis.errors)).toEqual([]);
      await page.goto(`${server.origin}/next`);
      const kept = await page.evaluate<string>(`Object.values({ ...localStorage }).join('')`);
      expect(kept.match(/"ping"/g)).toHaveLength(25);
      await context.close();
    });

    it('works in a frame of an opaque origin, which has no storage', async () => {
      await using anyones = await servePages('*');
      const page = await open();
      const frame = `<script src="${server.origin}/client.js"></script><script>
        const client = telemetry.createTelemetry({
          endpoint: '${anyones.origin}/t', key: 'key', store: telemetry.localStore() });
        client.track('ping', { n: 1 });
        client.flush().then(() => parent.postMessage(client.stats(), '*'));
      </script>`;
      const stats = await page.evaluate(`new Promise((resolve) => {
        addEventListener('message', ({ data }) => resolve(data));
        const sandboxed = { sandbox: 'allow-scripts', srcdoc: ${JSON.stringify(frame).replaceAll('</', '<\\/')} };
        document.body.append(Object.assign(document.createElement('iframe'), sandboxed));
      })`);
      expect(stats).toMatchObject({ accepted: 1, delivered: 1 });
      expect(anyones.sink.stored.size).toBe(1);
      await page.context().close();
    });

    it('works in a worker, without beacons, page events and storage', async () => {
      server.sink.stored.clear();
      const page = await open();
      const delivered = await page.evaluate(`new Promise((resolve) => {
        new Worker('/worker.js').onmessage = ({ data }) => resolve(data);
      })`);
      expect(delivered).toBe(3);
      await page.context().close();
    });

    it('uses the fetch that was there first when the host wraps it later', async () => {
      const page = await open();
      await page.evaluate(() => {
        globalThis.fetch = () => Promise.reject(new Error('wrapped'));
      });
      await burst(page, 2, 100);
      await page.evaluate(() => globalThis.client.flush());
      expect(await page.evaluate(() => globalThis.client.stats().delivered)).toBe(2);
      await page.context().close();
    });

    it('sends to another origin without a preflight, by requests and by beacons', async () => {
      other.sink.stored.clear();
      const page = await open({ endpoint: `${other.origin}/t` });
      await burst(page, 3);
      await page.evaluate(() => globalThis.client.flush());
      expect(await page.evaluate(() => globalThis.client.stats().delivered)).toBe(3);
      await burst(page, 3, 3_000, 0);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(other.sink.stored.size).toBe(6), { timeout: 5_000 });
      expect(other.preflights).toEqual([]);
      expect(other.rejections).toEqual([]);
      await page.context().close();
    });

    it('keeps events while the endpoint is blocked, quietly, and delivers them afterwards', async () => {
      server.sink.stored.clear();
      const page = await open({ retry: { initialDelay: 10, maxDelay: 20 } });
      await page.route('**/t', (route) => route.abort('blockedbyclient'));
      await burst(page, 25);
      await page.waitForTimeout(150);
      expect(await page.evaluate(() => globalThis.client.stats())).toMatchObject({ pending: 25 });
      await page.unroute('**/t');
      await page.evaluate(() => globalThis.client.flush());
      expect(await page.evaluate(() => globalThis.client.stats())).toMatchObject({ delivered: 25 });
      expect(server.sink.stored.size).toBe(25);
      expect(await page.evaluate(() => globalThis.errors)).toEqual([]);
      await page.context().close();
    });

    it('keeps events offline for the next visit, which delivers each once though two tabs start', async () => {
      server.sink.stored.clear();
      server.received.length = 0;
      const context = await browser.newContext();
      const page = await open({ store: {} }, context);
      server.state.isDown = true;
      await burst(page, 100);
      await page.goto(`${server.origin}/next`);
      await page.waitForTimeout(100);
      server.state.isDown = false;
      expect(server.sink.stored.size).toBe(0);
      const tabs = await Promise.all([1, 2].map(() => open({ store: {} }, context)));
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(100), { timeout: 8_000 });
      expect(server.received.length).toBe(100);
      const accepted = await Promise.all(
        tabs.map((tab) => tab.evaluate(() => globalThis.client.stats().accepted)),
      );
      expect(accepted.toSorted((a, b) => a - b)).toEqual([0, 100]);
      await tabs[0]?.waitForFunction(() => localStorage.length === 0, null, { timeout: 5_000 });
      await context.close();
    });

    it('loses nothing but what does not fit when the storage is full', async () => {
      const context = await browser.newContext();
      const page = await open({ store: {} }, context);
      await page.evaluate(() => {
        for (let size = 4_000_000; size > 100; size >>= 1) {
          for (let n = 0; ; n += 1) {
            try {
              localStorage.setItem(`fill ${size} ${n}`, 'x'.repeat(size));
            } catch {
              break;
            }
          }
        }
      });
      await burst(page, 10);
      await page.evaluate(() => globalThis.client.flush());
      expect(await page.evaluate(() => globalThis.client.stats().delivered)).toBe(10);
      await burst(page, 5, 3_000, 0);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(server.rejections).toEqual([]));
      expect(await page.evaluate(() => localStorage.length)).toBeGreaterThan(0);
      await context.close();
    });

    it('has its timestamps corrected when its clock is a day fast', async () => {
      server.sink.stored.clear();
      const context = await browser.newContext();
      await context.addInitScript(() => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + 86_400_000;
      });
      const page = await open({}, context);
      await burst(page, 2);
      await page.evaluate(() => globalThis.client.flush());
      const [event] = server.sink.stored.values();
      expect(Math.abs(Number(event?.timestamp) - Date.now())).toBeLessThan(60_000);
      await context.close();
    });
  },
);
