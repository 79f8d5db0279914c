import { defineConfig } from 'tsup';
import { library } from '../tsup.config.base.ts';

export default defineConfig(
  library([
    'src/index.ts',
    'src/check/index.ts',
    'src/fetch/index.ts',
    'src/graphql/index.ts',
    'src/node/index.ts',
    'src/options/index.ts',
    'src/testing/index.ts',
  ]),
);
