import { Persisted } from '../../../src/index.js';

Persisted({ version: -1 })({}, 'seen');
