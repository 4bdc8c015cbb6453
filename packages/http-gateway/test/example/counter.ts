import { Application, ask, defineFunction, FunctionType, query, send } from '@stateful-functions/core';
import { HttpGateway, PrometheusMetrics } from '@stateful-functions/http-gateway';

const Counter = FunctionType.contract('example/counter', {
  add: ask<number, number>(),
  reset: send(),
  value: query<void, number>(),
});

const counter = defineFunction(Counter, {
  state: () => ({ total: 0 }),
  handlers: {
    add(_ctx, number) {
      this.total += number;
      return this.total;
    },
    reset() {
      this.total = 0;
    },
    value() {
      return this.total;
    },
  },
});

const metrics = new PrometheusMetrics();
const app = await Application.from({ configure: (_config, binder) => binder.bindFunctions(counter) }).start({
  metrics,
});
const gateway = await HttpGateway.start(app, { port: Number(process.env.PORT ?? 8080), metrics });
console.log(`Call functions at ${gateway.url}/v1/. Ctrl-C stops.`);
