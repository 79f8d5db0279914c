import { defineConfig } from 'tsup';
import { library } from '../tsup.config.base.ts';

export default defineConfig(
  library([
    'src/index.ts',
    'src/channels/index.ts',
    'src/cli/main.ts',
    'src/postgres/index.ts',
    'src/testing/index.ts',
    'src/view/index.ts',
  ]),
);
