/** How long before the hard deadline each package ends the handler. */
export const MARGIN_MS = 1000;

export interface Order {
  readonly id: string;
  /** Whether the handler waits for something that does not come in time. */
  readonly hangs?: boolean;
}

export async function ship({ id, hangs = false }: Order): Promise<string> {
  if (hangs) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return id;
}
