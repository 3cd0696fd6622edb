import { GracefulTimeout } from 'lambda-graceful-timeout';

class Orders {
  @GracefulTimeout(-5)
  async handler(): Promise<void> {}
}
const orders = new Orders();
export const handler = orders.handler.bind(orders);
