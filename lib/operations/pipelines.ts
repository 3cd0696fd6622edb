import { doCallersPass } from './callers.js';
import type { DriverMessage } from './driver-messages.js';
import { DuringCall } from './during-call.js';
import type { Entry } from './operations.js';

/** Commands that are sent at once. The first one stands for all of them until the last one has ended. */
interface Pipeline {
  readonly first: DriverMessage;
  readonly unanswered: Set<DriverMessage>;
}

/** How long a name is at most that a minifier has made. */
const MINIFIED = 2;

const pipelines = new WeakMap<DriverMessage, Pipeline>();

/** The last command that was sent in the current call, and for whom. */
const previous = new DuringCall<{ readonly message: DriverMessage; readonly owner: unknown }>();

/**
 * Adds a command to the pipeline that sends it, and answers whether it is not the first one of that.
 *
 * No channel tells of pipelines. So this is a command that follows another one in the same call, below a method of the class
 * of pipelines. Most commands are alone, and for them no stack is looked at, which takes longer than all the rest.
 *
 * @param className - the class whose method sends a pipeline
 * @param owner - whoever sends the command: handlers that start together send theirs in one call
 */
export function joinPipeline(
  className: string,
  message: DriverMessage,
  below: Entry,
  owner: unknown,
): boolean {
  const before = previous.value;
  previous.value = { message, owner };
  if (!before || before.owner !== owner || !isSentBy(className, below)) return false;
  const first = before.message;
  const pipeline = pipelines.get(first) ?? { first, unanswered: new Set([first]) };
  pipeline.unanswered.add(message);
  pipelines.set(first, pipeline).set(message, pipeline);
  return true;
}

/**
 * Whether a method of a class is among the callers of a function. A minifier renames the class and not the methods: there it is
 * a method `exec`, of a class with a very short name, whose function, which is no method, calls `sendCommand`.
 */
const isSentBy = (className: string, below: Entry): boolean =>
  doCallersPass(below, (callers) =>
    callers.some((caller, index) => {
      const typeName = caller.getTypeName() ?? '';
      if (typeName === className) return true;
      const [inner, between] = callers
        .slice(Math.max(0, index - 2), index)
        .map((each) => each.getMethodName());
      const isExec = caller.getMethodName() === 'exec' && typeName.length <= MINIFIED;
      return isExec && inner === 'sendCommand' && !between;
    }),
  );

export const isPipeline = (message: DriverMessage): boolean => pipelines.has(message);

/** Notes that a command has ended. Returns the command that has ended with it: itself, or the pipeline's first one. */
export function leavePipeline(message: DriverMessage): DriverMessage | undefined {
  const pipeline = pipelines.get(message);
  if (!pipeline) return message;
  pipeline.unanswered.delete(message);
  return pipeline.unanswered.size === 0 ? pipeline.first : undefined;
}
