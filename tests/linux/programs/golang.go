// Goroutines, channels, timers, signals and processes of Go's runtime, in a program without a C library.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Each step prints what must be the same wherever it runs.
var steps = []struct {
	name string
	run  func()
}{
	{"goroutines add up", addUp},
	{"a mutex and a read-write mutex", mutexes},
	{"a ring of channels", ring},
	{"a pipeline of channels", pipeline},
	{"select takes what is ready", selecting},
	{"a worker pool", workers},
	{"a condition wakes all", condition},
	{"once and map", onceAndMap},
	{"ten thousand goroutines", many},
	{"busy goroutines are interrupted", busy},
	{"timers ring in time", timers},
	{"a ticker ticks", ticker},
	{"a timer is stopped and set again", resetTimer},
	{"a context ends its children", contexts},
	{"a deadline passes", deadline},
	{"a panic is recovered", panics},
	{"a bad pointer is a panic", badPointer},
	{"garbage is collected", garbage},
	{"stacks grow", stacks},
	{"goroutines on threads of their own", threads},
	{"processes run side by side", processes},
	{"a process is talked with", talk},
	{"a process is ended", endProcess},
	{"signals are channels", signals},
	{"files and folders", files},
	{"a pipe with deadlines", pipes},
	{"a server on a socket", server},
	{"packets on sockets", packets},
	{"the environment", environment},
}

func addUp() {
	var sum int64
	var group sync.WaitGroup
	for i := 1; i <= 100; i++ {
		group.Add(1)
		go func(n int64) {
			defer group.Done()
			atomic.AddInt64(&sum, n)
		}(int64(i))
	}
	group.Wait()
	fmt.Println(sum)
}

func mutexes() {
	var lock sync.RWMutex
	var group sync.WaitGroup
	count, wrong := 0, int32(0)
	for i := 0; i < 8; i++ {
		group.Add(2)
		go func() {
			defer group.Done()
			for k := 0; k < 500; k++ {
				lock.Lock()
				count++
				lock.Unlock()
			}
		}()
		go func() {
			defer group.Done()
			for k := 0; k < 500; k++ {
				lock.RLock()
				before := count
				runtime.Gosched()
				if count != before {
					atomic.AddInt32(&wrong, 1)
				}
				lock.RUnlock()
			}
		}()
	}
	group.Wait()
	fmt.Println(count, wrong, lock.TryLock(), lock.TryRLock())
}

func ring() {
	const size = 100
	first := make(chan int)
	in := first
	for i := 0; i < size; i++ {
		out := make(chan int)
		go func(in <-chan int, out chan<- int) {
			for n := range in {
				out <- n + 1
			}
			close(out)
		}(in, out)
		in = out
	}
	go func() {
		for n := 0; n < 5; n++ {
			first <- n * 1000
		}
		close(first)
	}()
	for n := range in {
		fmt.Print(n, " ")
	}
	fmt.Println()
}

func pipeline() {
	numbers, primes := make(chan int, 10), make(chan int)
	go func() {
		for n := 2; n < 200; n++ {
			numbers <- n
		}
		close(numbers)
	}()
	go func() {
		defer close(primes)
	next:
		for n := range numbers {
			for d := 2; d*d <= n; d++ {
				if n%d == 0 {
					continue next
				}
			}
			primes <- n
		}
	}()
	count, sum := 0, 0
	for p := range primes {
		count++
		sum += p
	}
	_, open := <-primes
	fmt.Println(count, sum, open)
}

func selecting() {
	a, b, full := make(chan int), make(chan string, 1), make(chan int, 1)
	full <- 1
	select {
	case <-a:
		fmt.Println("a")
	case full <- 2:
		fmt.Println("full")
	default:
		fmt.Println("nothing")
	}
	b <- "from b"
	select {
	case <-a:
	case s := <-b:
		fmt.Println(s)
	}
	select {
	case <-a:
	case <-time.After(10 * time.Millisecond):
		fmt.Println("time is up")
	}
	var never chan int
	close(a)
	select {
	case <-never:
	case n, ok := <-a:
		fmt.Println(n, ok)
	}
}

func workers() {
	jobs, results := make(chan int), make(chan [2]int)
	var group sync.WaitGroup
	for w := 0; w < 4; w++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := range jobs {
				results <- [2]int{j, j * j}
			}
		}()
	}
	go func() {
		for j := 0; j < 50; j++ {
			jobs <- j
		}
		close(jobs)
		group.Wait()
		close(results)
	}()
	squares := map[int]int{}
	for r := range results {
		squares[r[0]] = r[1]
	}
	fmt.Println(len(squares), squares[7], squares[49])
}

func condition() {
	var lock sync.Mutex
	cond := sync.NewCond(&lock)
	var group sync.WaitGroup
	waiting, ready := 0, false
	for i := 0; i < 10; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			lock.Lock()
			waiting++
			cond.Broadcast()
			for !ready {
				cond.Wait()
			}
			lock.Unlock()
		}()
	}
	lock.Lock()
	for waiting < 10 {
		cond.Wait()
	}
	ready = true
	cond.Broadcast()
	lock.Unlock()
	group.Wait()
	fmt.Println(waiting, ready)
}

func onceAndMap() {
	var once sync.Once
	var shared sync.Map
	var group sync.WaitGroup
	runs := 0
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			once.Do(func() { runs++ })
			shared.LoadOrStore(i%5, "kept")
		}(i)
	}
	group.Wait()
	keys := []int{}
	shared.Range(func(k, _ any) bool { keys = append(keys, k.(int)); return true })
	sort.Ints(keys)
	fmt.Println(runs, keys)
}

func many() {
	gate, sum := make(chan struct{}), int64(0)
	var group sync.WaitGroup
	for i := 0; i < 10000; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			<-gate
			atomic.AddInt64(&sum, int64(i))
		}(i)
	}
	fmt.Println(runtime.NumGoroutine() > 10000)
	close(gate)
	group.Wait()
	fmt.Println(sum)
}

func busy() {
	old := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(old)
	var stop int32
	done := make(chan bool)
	go func() {
		// No call, no allocation: only a signal takes the processor away.
		for atomic.LoadInt32(&stop) == 0 {
		}
		done <- true
	}()
	time.Sleep(5 * time.Millisecond)
	atomic.StoreInt32(&stop, 1)
	fmt.Println(<-done)
}

func timers() {
	start := time.Now()
	rung := make(chan int, 5)
	for _, i := range []int{5, 2, 4, 1, 3} {
		i, due := i, time.Duration(i)*5*time.Millisecond
		time.AfterFunc(due, func() {
			if time.Since(start) >= due {
				rung <- i
			}
		})
	}
	sum := 0
	for i := 0; i < 5; i++ {
		sum += <-rung
	}
	time.Sleep(15 * time.Millisecond)
	fmt.Println(sum, time.Since(start) >= 40*time.Millisecond)
}

func ticker() {
	t := time.NewTicker(2 * time.Millisecond)
	defer t.Stop()
	last := <-t.C
	forward := true
	for i := 0; i < 5; i++ {
		now := <-t.C
		forward = forward && now.After(last)
		last = now
	}
	fmt.Println(forward)
}

func resetTimer() {
	t := time.NewTimer(time.Hour)
	fmt.Println(t.Stop(), t.Stop(), t.Reset(5*time.Millisecond))
	<-t.C
	fmt.Println(t.Reset(time.Hour), t.Stop())
}

func contexts() {
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), "key", "value"))
	ended := make(chan error, 3)
	for i := 0; i < 3; i++ {
		child, release := context.WithCancel(parent)
		defer release()
		go func() {
			<-child.Done()
			ended <- child.Err()
		}()
	}
	cancel()
	fmt.Println(<-ended, <-ended, <-ended, parent.Value("key"))
}

func deadline() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
	fmt.Println(ctx.Err(), errors.Is(ctx.Err(), context.DeadlineExceeded))
	ctx, cancel = context.WithCancel(context.Background())
	child := exec.CommandContext(ctx, "/bin/sleep", "1000")
	fmt.Println(child.Start())
	cancel()
	fmt.Println(child.Wait())
}

func panics() {
	defer func() { fmt.Println("recovered:", recover()) }()
	defer fmt.Println("deferred")
	var list []int
	_ = list[len(os.Args)+5]
}

func badPointer() {
	defer func() {
		err, isError := recover().(runtime.Error)
		fmt.Println(isError, err)
	}()
	debug.SetPanicOnFault(true)
	var nothing *struct{ far [1 << 10]int }
	fmt.Println(nothing.far[3])
}

func garbage() {
	var before, after runtime.MemStats
	finalized := make(chan bool, 1)
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := [][]byte{}
	for i := 0; i < 400; i++ {
		block := make([]byte, 1<<16)
		if i%40 == 0 {
			kept = append(kept, block)
		}
	}
	func() {
		object := &bytes.Buffer{}
		runtime.SetFinalizer(object, func(*bytes.Buffer) { finalized <- true })
	}()
	runtime.GC()
	debug.FreeOSMemory()
	runtime.ReadMemStats(&after)
	fmt.Println(len(kept), after.NumGC > before.NumGC, <-finalized)
}

func depth(n int) int {
	var pad [64]byte
	if n == 0 {
		return int(pad[5])
	}
	return 1 + depth(n-1)
}

func stacks() {
	var group sync.WaitGroup
	sum := int64(0)
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			atomic.AddInt64(&sum, int64(depth(20000)))
		}()
	}
	group.Wait()
	fmt.Println(sum)
}

func threads() {
	var group sync.WaitGroup
	ids := make(chan int, 10)
	gate := make(chan struct{})
	for i := 0; i < 10; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			runtime.LockOSThread()
			ids <- syscall.Gettid()
			<-gate
		}()
	}
	different := map[int]bool{}
	for i := 0; i < 10; i++ {
		different[<-ids] = true
	}
	close(gate)
	group.Wait()
	fmt.Println(len(different))
}

func processes() {
	outputs := make([]string, 6)
	var group sync.WaitGroup
	for i := range outputs {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			out, err := exec.Command("/bin/sh", "-c", fmt.Sprintf("echo %d; exit %d", i, i)).Output()
			outputs[i] = fmt.Sprint(strings.TrimSpace(string(out)), " ", err)
		}(i)
	}
	group.Wait()
	fmt.Println(strings.Join(outputs, "; "))
	fmt.Println(exec.Command("/no/such/program").Run(), exec.Command("/etc/passwd").Run())
}

func talk() {
	child := exec.Command("/bin/sed", "-u", "s/^/> /")
	in, _ := child.StdinPipe()
	out, _ := child.StdoutPipe()
	fmt.Println(child.Start())
	lines := bufio.NewScanner(out)
	for _, word := range []string{"one", "two"} {
		fmt.Fprintln(in, word)
		lines.Scan()
		fmt.Println(lines.Text())
	}
	in.Close()
	fmt.Println(lines.Scan(), child.Wait())
}

func endProcess() {
	child := exec.Command("/bin/sleep", "1000")
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	fmt.Println(child.Start(), child.Process.Signal(syscall.SIGTERM))
	err := child.Wait()
	status := child.ProcessState.Sys().(syscall.WaitStatus)
	fmt.Println(err, status.Signaled(), status.Signal(), child.Process.Signal(syscall.SIGTERM))
}

func signals() {
	got := make(chan os.Signal, 10)
	signal.Notify(got, syscall.SIGUSR1, syscall.SIGHUP)
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP} {
		syscall.Kill(syscall.Getpid(), s)
		fmt.Println(<-got)
	}
	signal.Ignore(syscall.SIGHUP)
	syscall.Kill(syscall.Getpid(), syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	syscall.Kill(syscall.Getpid(), syscall.SIGTERM)
	<-ctx.Done()
	stop()
	signal.Reset()
	fmt.Println(ctx.Err(), len(got))
}

func files() {
	folder, _ := os.MkdirTemp("", "tasks")
	defer os.RemoveAll(folder)
	os.MkdirAll(filepath.Join(folder, "a/b/c"), 0o755)
	var group sync.WaitGroup
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			os.WriteFile(filepath.Join(folder, "a", fmt.Sprint("file", i)), bytes.Repeat([]byte{'x'}, i*100), 0o600)
		}(i)
	}
	group.Wait()
	total := int64(0)
	count := 0
	filepath.Walk(folder, func(_ string, info os.FileInfo, _ error) error {
		count++
		if !info.IsDir() {
			total += info.Size()
		}
		return nil
	})
	_, err := os.Open(filepath.Join(folder, "none"))
	fmt.Println(count, total, errors.Is(err, os.ErrNotExist), os.Remove(filepath.Join(folder, "a")) != nil)
	f, _ := os.OpenFile(filepath.Join(folder, "log"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	fmt.Fprint(f, "appended")
	f.Seek(2, io.SeekStart)
	rest, _ := io.ReadAll(f)
	fmt.Println(string(rest), f.Truncate(3), f.Sync(), f.Close(), f.Close() != nil)
}

func pipes() {
	reader, writer, _ := os.Pipe()
	reader.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err := reader.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	reader.SetReadDeadline(time.Time{})
	go func() {
		writer.Write(bytes.Repeat([]byte("pipe"), 50000))
		writer.Close()
	}()
	data, err := io.ReadAll(reader)
	fmt.Println(len(data), err, reader.Close())
	_, writer, _ = os.Pipe()
	fmt.Println(writer.Close())
}

func server() {
	name := fmt.Sprintf("@tasks-%d", os.Getpid())
	listener, err := net.Listen("unix", name)
	fmt.Println(err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				line, _ := bufio.NewReader(conn).ReadString('\n')
				fmt.Fprint(conn, strings.ToUpper(line))
			}()
		}
	}()
	answers := make([]string, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			conn, err := net.Dial("unix", name)
			if err != nil {
				answers[i] = err.Error()
				return
			}
			defer conn.Close()
			fmt.Fprintf(conn, "client %d\n", i)
			answer, _ := io.ReadAll(conn)
			answers[i] = strings.TrimSpace(string(answer))
		}(i)
	}
	group.Wait()
	listener.Close()
	_, err = net.Dial("unix", name)
	fmt.Println(strings.Join(answers, ", "), errors.Is(err, syscall.ECONNREFUSED))
}

func packets() {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	fmt.Println(err)
	a, _ := net.FileConn(os.NewFile(uintptr(pair[0]), "a"))
	b, _ := net.FileConn(os.NewFile(uintptr(pair[1]), "b"))
	defer a.Close()
	defer b.Close()
	go func() {
		for i := 0; i < 3; i++ {
			fmt.Fprintf(a, "packet %d", i)
		}
	}()
	buffer := make([]byte, 100)
	for i := 0; i < 3; i++ {
		n, _ := b.Read(buffer)
		fmt.Print(string(buffer[:n]), "; ")
	}
	b.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
	_, err = b.Read(buffer)
	var timeout net.Error
	fmt.Println(errors.As(err, &timeout) && timeout.Timeout())
}

func environment() {
	os.Setenv("TASKS", "set")
	out, _ := exec.Command("/bin/sh", "-c", "echo $TASKS").Output()
	fmt.Println(strings.TrimSpace(string(out)), os.Args[1:], runtime.GOOS, runtime.GOARCH, runtime.NumCPU() > 0, os.Getpagesize())
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	var info syscall.Sysinfo_t
	fmt.Println(limit.Cur > 0, syscall.Sysinfo(&info), info.Totalram > 0)
	host, err := os.Hostname()
	fmt.Println(host != "", err)
}

func main() {
	for _, step := range steps {
		fmt.Println("$", step.name)
		step.run()
	}
	os.Exit(3)
}
