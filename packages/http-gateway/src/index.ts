export { GatewayError, type GatewayErrorCode, gatewayErrorCodes } from './gateway-error.js';
export { HttpGateway } from './http-gateway.js';
export type { HttpGatewayOptions } from './options.js';
export type { Problem } from './problem.js';
export { PrometheusMetrics, type PrometheusMetricsOptions } from './prometheus-metrics.js';
