/** A line of mappings, as a minifier makes them. */
const LINE = ';CAAC,EAAEA,GAAG,IAAC,KAAK,GAAGA,KAAK,CAAC';

/** The parts of a source map that make it large. */
interface SourceMap {
  mappings: string;
  readonly sources: string[];
  readonly sourcesContent: string[];
}

/** Makes a source map larger by a number of bytes: one half is mappings of code that is not there, the other a source. */
export function enlarge(json: string, bytes: number): string {
  const map = JSON.parse(json) as SourceMap;
  map.mappings += LINE.repeat(bytes / 2 / LINE.length);
  map.sources.push('large.ts');
  map.sourcesContent.push('x'.repeat(bytes / 2));
  return JSON.stringify(map);
}
