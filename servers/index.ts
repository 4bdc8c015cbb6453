export { absent } from './absent.js';
export { NatsServer, type NatsServerOptions, startNats } from './nats.js';
