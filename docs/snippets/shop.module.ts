export { ShopModule } from './concepts.js';
