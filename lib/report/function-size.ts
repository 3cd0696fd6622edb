/** A whole CPU, in MB of the function's memory. */
const MB_OF_ONE_CPU = 1769;

/** The memory of the function in MB; `Infinity` outside Lambda. */
export function memoryMb(): number {
  const { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: megabytes } = process.env;
  return Number(megabytes) || Number.POSITIVE_INFINITY;
}

/**
 * The part of a CPU that the function has after its init phase, 1 for one or more.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
export const partOfCpu = (): number => Math.min(1, memoryMb() / MB_OF_ONE_CPU);
