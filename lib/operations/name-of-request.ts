/** `POST https://api.example.com`. The URL can contain a user name and a password, and a path. */
export const nameOfRequest = (method: unknown, url: string): string =>
  URL.canParse(url) ? `${method} ${new URL(url).origin}` : String(method);
