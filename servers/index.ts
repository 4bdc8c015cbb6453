export { absent } from './absent.js';
export { findChromium } from './chromium.js';
export { freePort } from './free-port.js';
export { HttpProxy, type Interception, type ProxiedAnswer, type ProxiedRequest } from './http-proxy.js';
export { NatsServer, type NatsServerOptions, startNats } from './nats.js';
export { sharedS3, startS3, withS3 } from './s3.js';
export type { S3Access, S3Process, S3Server } from './s3-server.js';
