import { dbmate } from './dbmate.ts';
import { flyway } from './flyway.ts';
import { golangMigrate } from './golang-migrate.ts';
import { goose } from './goose.ts';
import { graphileMigrate } from './graphile-migrate.ts';
import { knex } from './knex.ts';
import { nodePgMigrate } from './node-pg-migrate.ts';
import { prisma } from './prisma.ts';
import { supabase } from './supabase.ts';
import type { AdoptedTool, Tool } from './tool.ts';

/** Every tool whose history can be taken over. */
export const TOOLS: Readonly<Record<AdoptedTool, Tool>> = {
  supabase,
  'node-pg-migrate': nodePgMigrate,
  flyway,
  dbmate,
  'golang-migrate': golangMigrate,
  knex,
  prisma,
  goose,
  'graphile-migrate': graphileMigrate,
};
