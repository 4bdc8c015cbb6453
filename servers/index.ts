export { absent } from './absent.js';
