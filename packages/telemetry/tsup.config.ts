import { defineConfig } from 'tsup';
import { library } from '../tsup.config.base.ts';

export default defineConfig(
  library([
    'src/index.ts',
    'src/browser/index.ts',
    'src/node/index.ts',
    'src/ingest/index.ts',
    'src/postgres/index.ts',
    'src/rollups/index.ts',
    'src/dashboard/index.ts',
  ]),
);
