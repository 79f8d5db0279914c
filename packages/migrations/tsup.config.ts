import { defineConfig } from 'tsup';
import { library } from '../tsup.config.base.ts';

export default defineConfig(
  library([
    'src/index.ts',
    'src/advise/index.ts',
    'src/cli/main.ts',
    'src/lint/index.ts',
    'src/performance-indexes/index.ts',
  ]),
);
