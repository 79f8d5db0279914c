export type { MemoryUse, ReadText } from './cgroup-memory.ts';
export { type DiskOptions, disk, type FileSystemCounts } from './disk.ts';
export { type DnsOptions, type DnsResolver, dns } from './dns.ts';
export { type DownstreamOptions, downstream } from './downstream.ts';
export { type DelayHistogram, type EventLoopOptions, eventLoop } from './event-loop.ts';
export { type Heartbeat, type HeartbeatOptions, heartbeat } from './heartbeat.ts';
export { type HttpExpectation, type HttpHeaders, type HttpOptions, http } from './http.ts';
export { type MemoryOptions, type MemorySources, memory } from './memory.ts';
export { type OidcOptions, oidc } from './oidc.ts';
export {
  type AgeThresholds,
  type CountQueue,
  type CountThresholds,
  type QueueOptions,
  queue,
} from './queue.ts';
export type { BullJobState, BullQueue, QueueCounts } from './queue-counts.ts';
export { type RateLimiterOptions, rateLimiter } from './rate-limiter.ts';
export { type RedisClient, type RedisOptions, redis } from './redis.ts';
export type { ResponseTimeOptions } from './response-time.ts';
export { type SupabaseAuthOptions, supabaseAuth } from './supabase-auth.ts';
export { type TcpOptions, tcp } from './tcp.ts';
export { type TlsOptions, tls } from './tls.ts';
