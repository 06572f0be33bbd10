// A program of Go: goroutines, timers, files, other processes, panics.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func testGoroutines() {
	var group sync.WaitGroup
	var sum int64
	var mutex sync.Mutex
	counts := map[int]int{}
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			atomic.AddInt64(&sum, int64(n))
			mutex.Lock()
			counts[n%10]++
			mutex.Unlock()
			runtime.Gosched()
		}(i)
	}
	group.Wait()
	fmt.Println("sum", sum, "counts", counts)
}

func testChannels() {
	numbers, squares := make(chan int), make(chan int)
	go func() {
		for i := 1; i <= 10; i++ {
			numbers <- i
		}
		close(numbers)
	}()
	go func() {
		for n := range numbers {
			squares <- n * n
		}
		close(squares)
	}()
	for n := range squares {
		fmt.Print(n, " ")
	}
	fmt.Println()
}

func testTimers() {
	start := time.Now()
	ticker := time.NewTicker(5 * time.Millisecond)
	for i := 0; i < 3; i++ {
		<-ticker.C
	}
	ticker.Stop()
	fmt.Println("ticked", time.Since(start) >= 14*time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	select {
	case <-ctx.Done():
		fmt.Println("context", ctx.Err())
	case <-time.After(20 * time.Second):
		fmt.Println("no timeout")
	}
	fmt.Println(time.Unix(1234567890, 0).UTC().Format(time.RFC1123))
}

func testFiles() {
	must(os.MkdirAll("go.dir/a/b", 0o755))
	must(os.WriteFile("go.dir/a/one.txt", []byte("one\n"), 0o644))
	must(os.WriteFile("go.dir/a/b/two.txt", []byte("two\ntwo\n"), 0o644))
	must(filepath.WalkDir("go.dir", func(path string, entry fs.DirEntry, err error) error {
		fmt.Println("walk", filepath.ToSlash(path), entry.IsDir())
		return err
	}))
	must(os.Rename("go.dir/a/one.txt", "go.dir/uno.txt"))
	file, err := os.OpenFile("go.dir/uno.txt", os.O_APPEND|os.O_WRONLY, 0)
	must(err)
	fmt.Fprintln(file, "more")
	must(file.Close())
	data, err := os.ReadFile("go.dir/uno.txt")
	must(err)
	fmt.Printf("read %q\n", data)
	_, err = os.Stat("go.dir/none")
	fmt.Println("not there", errors.Is(err, fs.ErrNotExist))
	fmt.Println("remove full", os.Remove("go.dir") != nil)
	must(os.RemoveAll("go.dir"))
	_, err = os.Create("none/file")
	fmt.Println(err)
}

func testProcesses() {
	self, err := os.Executable()
	must(err)
	command := exec.Command(self, "child", "two words", `a"b`)
	command.Env = append(os.Environ(), "ALBIREO=passed on")
	command.Stdin = strings.NewReader("line one\nline two\n")
	output, err := command.CombinedOutput()
	fmt.Printf("%s", output)
	var exit *exec.ExitError
	fmt.Println("code", errors.As(err, &exit) && exit.ExitCode() == 17)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	fmt.Println("killed", exec.CommandContext(ctx, self, "sleep").Run() != nil)
	_, err = exec.LookPath("no-such-program")
	fmt.Println(err)
}

func testPanics() {
	defer func() { fmt.Println("recovered:", recover()) }()
	var nothing *struct{ field int }
	fmt.Println(nothing.field)
}

func testIndexPanic(values []int, at int) {
	defer func() { fmt.Println("recovered:", recover()) }()
	fmt.Println(values[at])
}

func testMemory() {
	var kept [][]byte
	for i := 0; i < 200; i++ {
		kept = append(kept, make([]byte, 100_000))
		kept[i][i] = byte(i)
	}
	runtime.GC()
	sum := 0
	for i, block := range kept {
		sum += int(block[i])
	}
	fmt.Println("memory", sum)
}

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func child() {
	fmt.Println("child", strings.Join(os.Args[2:], "|"), os.Getenv("ALBIREO"))
	scanner := bufio.NewScanner(os.Stdin)
	for scanner.Scan() {
		fmt.Println("child read", scanner.Text())
	}
	os.Exit(17)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
	}
	if len(os.Args) > 1 && os.Args[1] == "sleep" {
		time.Sleep(time.Hour)
	}
	fmt.Println(runtime.GOOS, runtime.GOARCH)
	testGoroutines()
	testChannels()
	testTimers()
	testFiles()
	testProcesses()
	testPanics()
	testIndexPanic([]int{1, 2, 3}, 5)
	testMemory()
	names := []string{"b", "a", "c"}
	sort.Strings(names)
	fmt.Println(names)
	fmt.Fprintln(os.Stderr, "to standard error")
	os.Exit(5)
}
