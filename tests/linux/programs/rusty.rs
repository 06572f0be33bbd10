// Rust's threads, channels, locks, processes and panics.
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{symlink, FileExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

type Outcome = Result<(), Box<dyn std::error::Error>>;
type Step = (&'static str, fn() -> Outcome);

/// A value that the compiler knows nothing of.
fn opaque<T: Copy>(value: T) -> T {
    unsafe { std::ptr::read_volatile(&value) }
}

/// Run a function in each of some threads; what they return, in order.
fn in_threads<T: Send + 'static>(count: usize, run: impl Fn(usize) -> T + Send + Sync + 'static) -> Vec<T> {
    let run = Arc::new(run);
    let threads: Vec<_> = (0..count)
        .map(|i| {
            let run = Arc::clone(&run);
            thread::spawn(move || run(i))
        })
        .collect();
    threads.into_iter().map(|t| t.join().unwrap()).collect()
}

fn results_of_threads() -> Outcome {
    println!("{:?}", in_threads(16, |i| i * i));
    Ok(())
}

fn a_mutex_keeps_a_sum() -> Outcome {
    let sum = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&sum);
    in_threads(8, move |_| (0..1000).for_each(|_| *shared.lock().unwrap() += 1));
    println!("{} {}", sum.lock().unwrap(), sum.try_lock().is_ok());
    let held = sum.lock().unwrap();
    println!("{}", sum.try_lock().is_err());
    drop(held);
    Ok(())
}

fn a_lock_for_many_readers() -> Outcome {
    let map = Arc::new(RwLock::new(BTreeMap::new()));
    let shared = Arc::clone(&map);
    in_threads(8, move |i| {
        for k in 0..20 {
            shared.write().unwrap().insert(i * 100 + k, k);
            assert!(shared.read().unwrap().contains_key(&(i * 100 + k)));
        }
    });
    println!("{} {:?}", map.read().unwrap().len(), map.read().unwrap().iter().next_back());
    Ok(())
}

fn two_threads_take_turns() -> Outcome {
    let turn = Arc::new((Mutex::new(0), Condvar::new()));
    let shared = Arc::clone(&turn);
    in_threads(2, move |me| {
        for i in 0..100 {
            let (lock, changed) = &*shared;
            let mut now = changed.wait_while(lock.lock().unwrap(), |now| *now != 2 * i + me).unwrap();
            *now += 1;
            changed.notify_all();
        }
    });
    println!("{}", turn.0.lock().unwrap());
    Ok(())
}

fn a_condition_times_out() -> Outcome {
    let (lock, changed) = (Mutex::new(()), Condvar::new());
    let start = Instant::now();
    let (_guard, timeout) = changed.wait_timeout_while(lock.lock().unwrap(), Duration::from_millis(20), |_| true).unwrap();
    println!("{} {}", timeout.timed_out(), start.elapsed() >= Duration::from_millis(20));
    Ok(())
}

fn channels() -> Outcome {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    in_threads(4, move |i| {
        let own = sender.lock().unwrap().clone();
        (0..50).for_each(|k| own.send(i * 50 + k).unwrap());
    });
    println!("{} {:?}", receiver.iter().sum::<usize>(), receiver.recv());
    let (sender, receiver) = mpsc::sync_channel(0);
    let other = thread::spawn(move || (0..5).map(|_| receiver.recv().unwrap()).collect::<Vec<i32>>());
    (0..5).for_each(|i| sender.send(i).unwrap());
    println!("{:?} {:?}", other.join().unwrap(), sender.send(6));
    let (_kept, silent) = mpsc::channel::<()>();
    println!("{:?} {:?}", silent.recv_timeout(Duration::from_millis(10)), silent.try_recv());
    Ok(())
}

fn a_barrier_has_one_leader() -> Outcome {
    let barrier = Arc::new(Barrier::new(6));
    let leaders = in_threads(6, move |_| (0..10).filter(|_| barrier.wait().is_leader()).count());
    println!("{}", leaders.iter().sum::<usize>());
    Ok(())
}

fn scoped_threads_borrow() -> Outcome {
    let mut numbers: Vec<u32> = (1..=1000).collect();
    let sums: Vec<u32> = thread::scope(|scope| {
        let parts: Vec<_> = numbers.chunks(250).map(|part| scope.spawn(move || part.iter().sum())).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    thread::scope(|scope| numbers.chunks_mut(100).for_each(|part| drop(scope.spawn(move || part.reverse()))));
    println!("{:?} {} {}", sums, numbers[0], numbers[999]);
    Ok(())
}

thread_local! { static OWN: std::cell::Cell<usize> = std::cell::Cell::new(7); }

fn each_thread_has_its_own() -> Outcome {
    let seen = in_threads(4, |i| OWN.with(|own| own.replace(i) + own.get()));
    println!("{:?} {}", seen, OWN.with(|own| own.get()));
    Ok(())
}

fn atomics_and_once() -> Outcome {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static ONCE: Once = Once::new();
    let highest = Arc::new(AtomicUsize::new(0));
    let shared = Arc::clone(&highest);
    in_threads(10, move |i| {
        ONCE.call_once(|| drop(RUNS.fetch_add(1, Ordering::SeqCst)));
        shared.fetch_max(i, Ordering::Relaxed);
    });
    println!("{} {} {}", RUNS.load(Ordering::SeqCst), highest.load(Ordering::SeqCst), ONCE.is_completed());
    Ok(())
}

fn a_panic_ends_its_thread_only() -> Outcome {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|info| println!("hook: {}", info.payload().downcast_ref::<&str>().unwrap())));
    let poisoned = Arc::new(Mutex::new(5));
    let shared = Arc::clone(&poisoned);
    let ended = thread::spawn(move || {
        let _guard = shared.lock().unwrap();
        panic!("on purpose");
    });
    println!("{} {}", ended.join().is_err(), poisoned.is_poisoned());
    println!("{:?}", panic::catch_unwind(|| panic!("caught")).map_err(|e| *e.downcast::<&str>().unwrap()));
    panic::set_hook(hook);
    println!("{}", poisoned.lock().unwrap_or_else(|e| e.into_inner()));
    Ok(())
}

fn names_stacks_and_parking() -> Outcome {
    fn depth(n: usize) -> usize {
        let pad = opaque([n; 32]);
        if n == 0 { 0 } else { 1 + depth(pad[3] - 1) }
    }
    let deep = thread::Builder::new().name("deep".into()).stack_size(64 << 20);
    let deep = deep.spawn(|| (thread::current().name().map(String::from), depth(50_000)))?;
    println!("{:?}", deep.join().unwrap());
    let go = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&go);
    let parked = thread::spawn(move || while !seen.load(Ordering::SeqCst) { thread::park() });
    go.store(true, Ordering::SeqCst);
    parked.thread().unpark();
    println!("{}", parked.join().is_ok());
    Ok(())
}

fn many_short_threads() -> Outcome {
    let count = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let shared = Arc::clone(&count);
        in_threads(20, move |_| shared.fetch_add(1, Ordering::Relaxed));
    }
    println!("{}", count.load(Ordering::Relaxed));
    Ok(())
}

fn a_stack_that_overflows() -> Outcome {
    let ended = Command::new("/proc/self/exe").arg("overflow").stderr(Stdio::piped()).output()?;
    println!("{:?} {}", ended.status.signal(), String::from_utf8(ended.stderr)?.contains("has overflowed its stack"));
    Ok(())
}

fn processes() -> Outcome {
    let outputs = in_threads(6, |i| Command::new("/bin/sh").arg("-c").arg(format!("echo {i}; exit {i}")).output().unwrap());
    println!("{:?}", outputs.iter().map(|o| (o.status.code(), o.stdout[0] - b'0')).collect::<Vec<_>>());
    println!("{:?}", Command::new("/no/such/program").spawn().map(drop).map_err(|e| e.kind()));
    println!("{:?}", Command::new("/etc/passwd").spawn().map(drop).map_err(|e| e.kind()));
    let mut child = Command::new("/bin/sleep").arg("1000").spawn()?;
    println!("{:?}", child.try_wait()?);
    child.kill()?;
    println!("{:?}", child.wait()?.signal());
    Ok(())
}

fn a_talk_with_a_process() -> Outcome {
    let mut child = Command::new("/bin/sed").args(["-u", "s/^/> /"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for word in ["one", "two"] {
        writeln!(input, "{word}")?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        print!("{line}");
    }
    drop(input);
    println!("{:?}", child.wait()?.code());
    let replaced = unsafe { Command::new("/bin/sh").arg("-c").arg("echo $0 $ONLY; pwd").arg0("named").env_clear().env("ONLY", "this").current_dir("/").pre_exec(|| Ok(())).output()? };
    println!("{:?}", String::from_utf8(replaced.stdout)?);
    Ok(())
}

fn files() -> Outcome {
    let folder = std::env::temp_dir().join(format!("rusty-{}", process::id()));
    fs::create_dir_all(folder.join("a/b"))?;
    let place = folder.clone();
    in_threads(10, move |i| fs::write(place.join(format!("file{i}")), vec![b'x'; i * 1000]).unwrap());
    let mut sizes: Vec<u64> = fs::read_dir(&folder)?.filter_map(|e| e.ok()).filter(|e| e.file_type().unwrap().is_file()).map(|e| e.metadata().unwrap().len()).collect();
    sizes.sort_unstable();
    println!("{:?}", sizes);
    let mut f = OpenOptions::new().read(true).write(true).create_new(true).open(folder.join("new"))?;
    f.write_all(b"0123456789")?;
    f.write_at(b"AB", 3)?;
    f.seek(SeekFrom::Start(2))?;
    let mut text = String::new();
    f.read_to_string(&mut text)?;
    f.set_len(4)?;
    f.set_permissions(fs::Permissions::from_mode(0o640))?;
    println!("{} {} {:o}", text, f.metadata()?.len(), f.metadata()?.permissions().mode());
    symlink("new", folder.join("link"))?;
    fs::hard_link(folder.join("new"), folder.join("hard"))?;
    fs::rename(folder.join("hard"), folder.join("renamed"))?;
    println!("{:?} {} {}", fs::read_link(folder.join("link"))?, fs::read_to_string(folder.join("renamed"))?, fs::copy("/etc/passwd", folder.join("copy"))? > 0);
    for wrong in [File::open(folder.join("none")).map(drop), fs::create_dir(folder.join("a")), fs::remove_dir(&folder), fs::write(&folder, "")] {
        println!("{:?}", wrong.map_err(|e| (e.kind() == ErrorKind::NotFound, e.raw_os_error())));
    }
    fs::remove_dir_all(&folder)?;
    println!("{}", folder.exists());
    Ok(())
}

fn sockets() -> Outcome {
    let name = std::env::temp_dir().join(format!("rusty-{}.socket", process::id()));
    let listener = UnixListener::bind(&name)?;
    let server = thread::spawn(move || {
        for stream in listener.incoming().take(5) {
            let stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            (&stream).write_all(line.to_uppercase().as_bytes()).unwrap();
        }
    });
    let path = name.clone();
    let answers = in_threads(5, move |i| {
        let mut stream = UnixStream::connect(&path).unwrap();
        writeln!(stream, "client {i}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    server.join().unwrap();
    println!("{:?} {:?}", answers, UnixStream::connect(&name).map(drop).map_err(|e| e.kind()));
    fs::remove_file(&name)?;
    let (a, b) = UnixDatagram::pair()?;
    a.send(b"packet")?;
    let mut buffer = [0; 100];
    let length = b.recv(&mut buffer)?;
    b.set_read_timeout(Some(Duration::from_millis(10)))?;
    println!("{} {:?}", length, b.recv(&mut buffer).map_err(|e| e.kind()));
    Ok(())
}

fn pipes_and_ends() -> Outcome {
    let mut child = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().unwrap();
    let writer = thread::spawn(move || input.write_all(&vec![b'z'; 500_000]));
    let mut data = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut data)?;
    println!("{} {:?} {:?}", data.len(), writer.join().unwrap().is_ok(), child.wait()?.code());
    let mut gone = Command::new("/bin/true").stdin(Stdio::piped()).spawn()?;
    let mut input = gone.stdin.take().unwrap();
    gone.wait()?;
    println!("{:?}", input.write(b"x").map_err(|e| e.kind()));
    Ok(())
}

fn clocks() -> Outcome {
    let start = Instant::now();
    thread::sleep(Duration::from_millis(15));
    println!("{} {}", start.elapsed() >= Duration::from_millis(15), SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() > 1_600_000_000);
    let times = in_threads(4, |_| (0..1000).map(|_| Instant::now()).collect::<Vec<_>>().windows(2).all(|w| w[0] <= w[1]));
    println!("{:?} {}", times, thread::available_parallelism()?.get() > 0);
    Ok(())
}

fn collections() -> Outcome {
    let counts = in_threads(4, |i| (0..5000).fold(HashMap::new(), |mut map: HashMap<usize, usize>, k| {
        *map.entry((k * 7 + i) % 101).or_default() += 1;
        map
    }));
    println!("{:?} {}", counts.iter().map(|map| map.len()).collect::<Vec<_>>(), counts[3][&5]);
    let big: Vec<u64> = (0..2_000_000).collect();
    println!("{}", big.iter().rev().step_by(1000).sum::<u64>());
    Ok(())
}

const STEPS: [Step; 21] = [
    ("results of threads", results_of_threads),
    ("a mutex keeps a sum", a_mutex_keeps_a_sum),
    ("a lock for many readers", a_lock_for_many_readers),
    ("two threads take turns", two_threads_take_turns),
    ("a condition times out", a_condition_times_out),
    ("channels", channels),
    ("a barrier has one leader", a_barrier_has_one_leader),
    ("scoped threads borrow", scoped_threads_borrow),
    ("each thread has its own", each_thread_has_its_own),
    ("atomics and once", atomics_and_once),
    ("a panic ends its thread only", a_panic_ends_its_thread_only),
    ("names, stacks and parking", names_stacks_and_parking),
    ("many short threads", many_short_threads),
    ("a stack that overflows", a_stack_that_overflows),
    ("processes", processes),
    ("a talk with a process", a_talk_with_a_process),
    ("files", files),
    ("sockets", sockets),
    ("pipes and ends", pipes_and_ends),
    ("clocks", clocks),
    ("collections", collections),
];

#[allow(unconditional_recursion)]
fn overflow(n: usize) -> usize {
    opaque([n; 1000]).len() + overflow(n + 1)
}

fn main() {
    if std::env::args().nth(1).is_some() {
        overflow(0);
    }
    for (name, run) in STEPS {
        println!("$ {name}");
        if let Err(error) = run() {
            println!("ends with {error}");
        }
    }
    io::stdout().flush().unwrap();
    process::exit(5);
}
