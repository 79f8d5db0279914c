import { defineConfig } from 'tsup';
import { library } from '../tsup.config.base.ts';

export default defineConfig(
  library([
    'src/index.ts',
    'src/checks/index.ts',
    'src/cli/main.ts',
    'src/metrics/index.ts',
    'src/node/index.ts',
    'src/postgres/index.ts',
    'src/publishers/index.ts',
  ]),
);
