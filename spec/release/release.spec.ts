import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import { expect } from 'chai';
import { linksIn } from '../docs/markdown.js';
import { ROOT, read } from '../docs/repository.js';

// Run by `npm publish` only, before it packs, since a repository that has no address yet cannot name it.
const { repository, homepage, bugs } = JSON.parse(read('package.json'));
/** `owner/name`. */
const slug = /^git\+https:\/\/github\.com\/([\w-]+\/[\w.-]+)\.git$/.exec(repository?.url)?.[1];
const HOW = 'in package.json: see "Release" in CONTRIBUTING.md';

describe('A release', () => {
  it('names its repository, and has its package at the root, where npm resolves the links of the README', () => {
    expect(slug, `\`repository.url\` ${HOW}`).to.be.a('string');
    expect(repository).to.have.all.keys('type', 'url');
  });

  it('is published from the repository that it names', () => {
    const { GITHUB_REPOSITORY = slug } = process.env;
    expect(slug).to.equal(GITHUB_REPOSITORY);
  });

  it('has a page, and a place for reports', () => {
    expect(homepage, `\`homepage\` ${HOW}`).to.match(/^https:\/\//);
    expect(bugs?.url, `\`bugs.url\` ${HOW}`).to.equal(`https://github.com/${slug}/issues`);
  });

  for (const document of ['README.md', 'README.ja.md']) {
    it(`has in the repository all that ${document} links to and shows`, () => {
      const tracked = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
      for (const link of linksIn(read(document))) {
        if (/^(https:\/\/|#)/.test(link)) continue;
        const [path = ''] = decodeURI(link).split('#');
        expect(tracked, link).to.include(posix.normalize(path));
      }
    });
  }
});
