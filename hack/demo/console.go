// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// How a terminal shows what matters. Nothing else is ever coloured.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	red   = "\x1b[31m"
	plain = "\x1b[0m"
)

// console is what the reader sees.
type console struct {
	// steps is how many there will be, for "3 of 10".
	steps int

	mutex  sync.Mutex
	out    io.Writer
	styled bool
	count  int
	// begun says that the step has shown something: the next command keeps its
	// distance.
	begun bool
}

// newConsole writes to out, in styles if that is a terminal that wants them.
func newConsole(out *os.File) *console {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &console{out: out, styled: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// Write passes on what another part prints, such as the progress of a build.
func (c *console) Write(content []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.out.Write(content)
}

// step begins a numbered step; the function that it returns ends it.
func (c *console) step(title string) (done func()) {
	c.count++
	c.begun = false
	started := time.Now()
	c.styledLine(bold, fmt.Sprintf("\n[%d/%d] %s", c.count, c.steps, title))
	return func() { c.styledLine(faint, "("+seconds(time.Since(started))+")") }
}

// command shows what a user would type. A backslash at the end of a line, or an
// open quote, lets it go on in the next one, as in a shell.
func (c *console) command(format string, arguments ...any) {
	if c.begun {
		c.print("")
	}
	c.begun = true
	c.styledLine(bold, "$ "+fmt.Sprintf(format, arguments...))
}

// print shows output as it is.
func (c *console) print(format string, arguments ...any) {
	c.begun = true
	c.styledLine("", fmt.Sprintf(format, arguments...))
}

// say explains something to the reader, a line apart from what is above.
func (c *console) say(format string, arguments ...any) {
	if c.begun {
		c.print("")
	}
	c.print(format, arguments...)
}

// note is said in passing.
func (c *console) note(format string, arguments ...any) {
	c.styledLine(faint, fmt.Sprintf(format, arguments...))
}

func (c *console) title(text string) { c.styledLine(bold, text) }

func (c *console) closing(format string, arguments ...any) {
	c.styledLine(bold, "\n"+fmt.Sprintf(format, arguments...))
}

func (c *console) problem(format string, arguments ...any) {
	c.styledLine(red, fmt.Sprintf(format, arguments...))
}

// styledLine writes lines. An error has no place to go: the reader is gone.
func (c *console) styledLine(style, text string) {
	if c.styled && style != "" {
		text = style + text + plain
	}
	_, _ = io.WriteString(c, strings.TrimRight(text, "\n")+"\n")
}

func seconds(duration time.Duration) string {
	return fmt.Sprintf("%.1fs", duration.Seconds())
}
