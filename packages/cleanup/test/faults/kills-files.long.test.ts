import { testHundredKills } from './hundred-kills.ts';

testHundredKills('files');
