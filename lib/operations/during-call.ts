/** A value that holds for the current call. It is forgotten when the next microtask runs, whatever a client forgets to tell. */
export class DuringCall<Value> {
  #value: Value | undefined;

  get value(): Value | undefined {
    return this.#value;
  }

  set value(value: Value | undefined) {
    if (this.#value === undefined) queueMicrotask(() => this.#forget());
    this.#value = value;
  }

  #forget(): void {
    this.#value = undefined;
  }
}
