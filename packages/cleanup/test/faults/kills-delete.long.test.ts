import { testHundredKills } from './hundred-kills.ts';

testHundredKills('delete');
