// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
)

// What runs in a process of its own reads its task as JSON from standard input and answers with one
// JSON value on standard output. A part that serves does so until its standard input ends.

// collectAt is that of the command rogatory, whose work the parts do.
const collectAt = 300

func play(part string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	parts := map[string]func(*json.Decoder, *json.Encoder) error{"door": playDoor, "pull": playPull, "plain": playPlain, "peer": playPeer, "load": playLoad, "flood": playFlood}
	f := parts[part]
	if f == nil {
		return fmt.Errorf("there is no part %q", part)
	}
	return f(json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout))
}

// ask runs a part to its end.
func (b *bench) ask(part string, task, answer any) error {
	text, err := json.Marshal(task)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(b.ctx, b.self, "part", part)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("play %s: %w", part, err)
	}
	return json.Unmarshal(out, answer)
}

// server is a part that serves.
type server struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

// serve starts a part and waits for its answer.
func (b *bench) serve(part string, task, answer any) (*server, error) {
	s := &server{cmd: exec.CommandContext(b.ctx, b.self, "part", part)}
	s.cmd.Stderr = os.Stderr
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.out = json.NewDecoder(out)
	if err = json.NewEncoder(s.in).Encode(task); err == nil {
		err = s.out.Decode(answer)
	}
	if err != nil {
		s.end()
		return nil, fmt.Errorf("play %s: %w", part, err)
	}
	return s, nil
}

// end closes the part's input and waits for it.
func (s *server) end() error {
	s.in.Close()
	return s.cmd.Wait()
}

// untilInputEnds waits until whoever started this process is done with it.
func untilInputEnds(in *json.Decoder) {
	var more any
	for in.Decode(&more) == nil {
	}
}

// resident reads a figure of a process in MiB: VmHWM is the most memory it had, VmRSS what it has.
func resident(pid int, name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, name)
}

// processorTime is what a process that ended has used, in seconds, in and outside the kernel.
func processorTime(p *os.ProcessState) float64 { return (p.UserTime() + p.SystemTime()).Seconds() }

// ownProcessorTime is what this process has used so far, in seconds.
func ownProcessorTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0 // it is only a detail
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// settle writes out what the system still holds in memory, so that one way does not pay for the other.
func settle() { syscall.Sync() }
