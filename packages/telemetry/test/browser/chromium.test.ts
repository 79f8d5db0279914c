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
      await burst(page, 15, 3_000, 0);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(server.sink.stored.size).toBe(15), { timeout: 5_000 });
      await context.close();
    });

    it('sends to another origin, with a preflight for requests and none for beacons', async () => {
      other.sink.stored.clear();
      const page = await open({ endpoint: `${other.origin}/t` });
      await burst(page, 3);
      await page.evaluate(() => globalThis.client.flush());
      expect(await page.evaluate(() => globalThis.client.stats().delivered)).toBe(3);
      const preflights = other.preflights.length;
      expect(preflights).toBeGreaterThan(0);
      await burst(page, 3, 3_000, 0);
      await page.waitForURL('**/next');
      await vi.waitFor(() => expect(other.sink.stored.size).toBe(6), { timeout: 5_000 });
      expect(other.preflights.length).toBe(preflights);
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
