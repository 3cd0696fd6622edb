import { expect } from 'chai';
import { transformSync } from 'esbuild';
import { parseDocument } from 'yaml';
import { blocksOf } from './markdown.js';
import { read } from './repository.js';

const blocks = blocksOf(read('docs/infrastructure.md'));

/** The code blocks of a language, without their fences. */
const codeIn = (language: string): readonly string[] =>
  blocks
    .filter(({ kind }) => kind.startsWith(`\`\`\`${language}`))
    .map(({ text }) => text.replaceAll(/^```.*$/gm, ''));

const numberIn = (text: string, name: RegExp): number =>
  Number(new RegExp(`${name.source}\\s*[:=] (\\d+)`, 'i').exec(text)?.[1]);

describe('the alarms of docs/alarms.md', () => {
  const page = read('docs/alarms.md');
  const [cdk = '', terraform = ''] = ['js', 'hcl'].map(
    (language) => blocksOf(page).find(({ kind }) => kind === `\`\`\`${language}`)?.text,
  );

  it('have the filter of the page, which is tried on the local Lambda', () => {
    const filters = [...page.matchAll(/FilterPattern: '(.*)' # JSON/g)].map(([, filter]) => filter);
    const [, inCdk] = /FilterPattern\.literal\('(.*)'\)/.exec(cdk) ?? [];
    const [, inTerraform] = /pattern +=( ".*")/.exec(terraform) ?? [];
    expect(filters[0]).to.include('LambdaTimeoutError');
    expect([inCdk, JSON.parse(String(inTerraform))]).to.deep.equal([filters[0], filters[0]]);
  });

  it('read what their filter counts', () => {
    for (const alarm of [cdk, terraform]) {
      expect(alarm)
        .to.match(/namespace\W+Shipping/i)
        .and.match(/threshold\W+1\b/);
      expect(alarm).to.match(/NOT_BREACHING|notBreaching/);
    }
  });
});

describe('the examples of docs/infrastructure.md', () => {
  const [cdk = ''] = codeIn('js');
  const [sam = '', serverless = ''] = codeIn('yaml');
  const [terraform = ''] = codeIn('hcl');

  it('parse as JavaScript and as YAML', () => {
    expect(() => transformSync(cdk, { format: 'esm' })).not.to.throw();
    for (const text of [sam, serverless]) {
      const getAtt = { tag: '!GetAtt', resolve: (name: string) => name };
      expect(parseDocument(text, { customTags: [getAtt], uniqueKeys: true }).errors).to.deep.equal([]);
    }
  });

  for (const [tool, text] of Object.entries({ SAM: sam, Serverless: serverless, Terraform: terraform })) {
    it(`hide a message for six timeouts, and leave the handler more time than the margin takes, with ${tool}`, () => {
      const timeout = numberIn(text, /\btimeout/);
      expect(timeout * 1000).to.be.above(2 * Number(/MARGIN_MS\W+(\d+)/.exec(text)?.[1]));
      expect(numberIn(text, /visibility_?timeout(?:_seconds)?/)).to.equal(6 * timeout);
    });
  }

  it('return single messages to the queue, keep names, and have a dead-letter queue, with each tool', () => {
    for (const text of [cdk, sam, serverless, terraform]) {
      expect(text)
        .to.match(/reportBatchItemFailures/i)
        .and.match(/maxReceiveCount\W+5/);
    }
    for (const text of [cdk, sam, serverless]) expect(text).to.match(/keepNames: true/i);
    expect(read('docs/infrastructure.md')).to.include('--keep-names');
  });
});
