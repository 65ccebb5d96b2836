// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0
//
// The site of these pages: make docs-site. The pages are written for GitHub, without
// front matter; what differs between the two is dealt with here.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { slug } from 'github-slugger'
import { defineConfig, type DefaultTheme, type MarkdownOptions } from 'vitepress'

const docs = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const checkout = dirname(docs)
const repository = 'https://github.com/ordercloud-operator/ordercloud-operator'

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0]

/**
 * destination is where a link of a page leads on the site: a page as it is, a
 * directory to its README.md, and a file outside of docs to GitHub. A link that
 * leads nowhere ends the build.
 */
function destination(link: string, page: string): string {
  if (/^([a-z]+:|#|$)/.test(link)) return link
  const [path, ...fragment] = link.split(/(?=#)/)
  let target = resolve(dirname(page), decodeURI(path))
  if (!existsSync(target)) throw new Error(`${relative(checkout, page)}: ${link}: there is no ${target}`)

  const isDirectory = statSync(target).isDirectory()
  if (relative(docs, target).startsWith('..')) {
    const where = relative(checkout, target).split(sep).join('/')
    return `${repository}/${isDirectory ? 'tree' : 'blob'}/main/${where}${fragment.join('')}`
  }
  if (isDirectory) target = join(target, 'README.md')
  const onSite = relative(dirname(page), target).split(sep).join('/').replace(/README\.md$/, 'index.md')
  return `./${onSite}${fragment.join('')}`
}

/** linksOfTheSite rewrites the links of a page before they are checked and rendered. */
function linksOfTheSite(markdown: MarkdownIt): void {
  markdown.core.ruler.push('links-of-the-site', (state) => {
    for (const token of state.tokens.flatMap((block) => block.children ?? [])) {
      const href = token.attrGet('href')
      if (token.type === 'link_open' && href !== null) {
        token.attrSet('href', destination(href, state.env.realPath ?? state.env.path))
      }
    }
  })
}

/** codeAsItIs keeps Vue from looking into code spans; into fenced code it does not. */
function codeAsItIs(markdown: MarkdownIt): void {
  const render = markdown.renderer.rules.code_inline!
  markdown.renderer.rules.code_inline = (tokens, index, ...rest) => {
    tokens[index].attrSet('v-pre', '')
    return render(tokens, index, ...rest)
  }
}

/** sidebar is the index, docs/README.md: its headings, and the first link of each item. */
function sidebar(): DefaultTheme.SidebarItem[] {
  const groups: (DefaultTheme.SidebarItem & { items: DefaultTheme.SidebarItem[] })[] = []
  for (const line of readFileSync(join(docs, 'README.md'), 'utf8').split('\n')) {
    const heading = line.match(/^## (.+)$/)
    if (heading) groups.push({ text: heading[1], items: [] })
    for (const [, text, page] of line.matchAll(/^ *- \[([^\]]+)\]\((?!\.\.)([^)]+)\)/g)) {
      groups.at(-1)!.items.push({ text, link: '/' + page.replace(/README\.md$/, '').replace(/\.md$/, '.html') })
    }
  }
  return groups
}

export default defineConfig({
  title: 'ordercloud-operator',
  description: "OrderCloud's buyer users and impersonation configs, declared in Kubernetes",
  // Where the site is served below a path, as GitHub Pages does.
  base: process.env.DOCS_BASE ?? '/',
  rewrites: { 'README.md': 'index.md', ':directory/README.md': ':directory/index.md' },
  markdown: {
    // Headings have the anchors that GitHub gives them.
    anchor: { slugify: (text) => slug(text) },
    // {text in braces} is text, on GitHub.
    attrs: { disable: true },
    config(markdown) {
      // On GitHub only what begins with a scheme becomes a link: flux.md is no host.
      markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false })
      linksOfTheSite(markdown)
      codeAsItIs(markdown)
    },
  },
  themeConfig: {
    nav: [
      { text: 'Changelog', link: `${repository}/blob/main/CHANGELOG.md` },
    ],
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
    socialLinks: [{ icon: 'github', link: repository }],
    footer: { message: 'Apache-2.0. Not affiliated with Sitecore.' },
  },
})
