// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test holds the documentation against what it speaks of: a real API
// server takes every manifest, every link leads somewhere, and commands, flags,
// permissions and paths are those that exist.
package docs_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// repository is the top of the repository, from here.
const repository = "../.."

// page is a Markdown file, taken apart.
type page struct {
	// path in the repository, with slashes.
	path   string
	source []byte
	blocks []block
	links  []link
	// code is the text of the code spans, such as `--leader-elect`.
	code []span
	// anchors are what a link to a place in this page may end with.
	anchors map[string]bool
}

// block is fenced code.
type block struct {
	span
	// language is the first word behind the fence.
	language string
	// mark is the comment that stands right before the fence, without <!-- and -->.
	mark string
}

// link is the destination of a link or an image.
type link = span

// span is a text and where it is.
type span struct {
	page string
	line int
	text string
}

// at is file:line, for messages.
func (s span) at() string { return fmt.Sprintf("%s:%d", s.page, s.line) }

// lines are those of the text, each with where it is.
func (s span) lines() []span {
	var lines []span
	for offset, line := range strings.Split(s.text, "\n") {
		lines = append(lines, span{s.page, s.line + offset, line})
	}
	return lines
}

// documentation is README.md and what is in docs, in the order of paths.
func documentation(t *testing.T) []page {
	t.Helper()
	return slices.DeleteFunc(allPages(t), func(page page) bool {
		return page.path != "README.md" && !strings.HasPrefix(page.path, "docs/")
	})
}

// allPages are all Markdown files of the repository.
func allPages(t *testing.T) []page {
	t.Helper()
	var pages []page
	err := filepath.WalkDir(repository, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{"node_modules", ".git", ".vitepress", "dist"}, entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".md" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(repository, name)
		pages = append(pages, takeApart(filepath.ToSlash(relative), source))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// takeApart reads a page as GitHub does.
func takeApart(name string, source []byte) page {
	read := page{path: name, source: source, anchors: map[string]bool{"": true}}
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	taken := map[string]int{}
	_ = ast.Walk(tree, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.FencedCodeBlock:
			read.blocks = append(read.blocks, read.block(node))
		case *ast.Heading:
			slug := slugOf(plain(node, source))
			if count := taken[slug]; count > 0 {
				read.anchors[fmt.Sprintf("%s-%d", slug, count)] = true
			}
			taken[slug]++
			read.anchors[slug] = true
		case *ast.Link:
			read.links = append(read.links, read.span(node, string(node.Destination)))
		case *ast.Image:
			read.links = append(read.links, read.span(node, string(node.Destination)))
		case *ast.CodeSpan:
			read.code = append(read.code, read.span(node, plain(node, source)))
		}
		return ast.WalkContinue, nil
	})
	return read
}

func (p page) block(fence *ast.FencedCodeBlock) block {
	content, line := fence.Lines().Value(p.source), 0
	if fence.Lines().Len() > 0 {
		line = p.lineOf(fence.Lines().At(0).Start)
	}
	mark := ""
	if comment, ok := fence.PreviousSibling().(*ast.HTMLBlock); ok {
		written := strings.TrimSpace(string(comment.Lines().Value(p.source)))
		if inside, ok := strings.CutPrefix(written, "<!--"); ok {
			mark = strings.TrimSpace(strings.TrimSuffix(inside, "-->"))
		}
	}
	return block{
		span:     span{p.path, line, string(content)},
		language: string(fence.Language(p.source)),
		mark:     mark,
	}
}

// span is about something in a line; of that, goldmark knows where its first
// text is.
func (p page) span(node ast.Node, content string) span {
	line := 0
	_ = ast.Walk(node, func(inner ast.Node, entering bool) (ast.WalkStatus, error) {
		if words, ok := inner.(*ast.Text); ok && entering {
			line = p.lineOf(words.Segment.Start)
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return span{p.path, line, content}
}

func (p page) lineOf(offset int) int { return 1 + bytes.Count(p.source[:offset], []byte("\n")) }

// plain is the text of a node without its markup.
func plain(node ast.Node, source []byte) string {
	var words strings.Builder
	_ = ast.Walk(node, func(inner ast.Node, entering bool) (ast.WalkStatus, error) {
		if piece, ok := inner.(*ast.Text); ok && entering {
			words.Write(piece.Segment.Value(source))
			if piece.SoftLineBreak() {
				words.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return words.String()
}

// exists reports whether the repository has the path; * stands for anything.
func exists(name string) bool {
	found, err := filepath.Glob(filepath.Join(repository, filepath.FromSlash(path.Clean(name))))
	return err == nil && len(found) > 0
}
