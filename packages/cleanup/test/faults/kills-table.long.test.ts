import { testHundredKills } from './hundred-kills.ts';

testHundredKills('table');
