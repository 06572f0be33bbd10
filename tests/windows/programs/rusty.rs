//! A program of Rust: threads, channels, files, other processes, panics.
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::panic;
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

thread_local! {
    static OWN: std::cell::Cell<u32> = std::cell::Cell::new(1);
}

fn test_threads() {
    let count = Arc::new(AtomicUsize::new(0));
    let map = Arc::new(Mutex::new(BTreeMap::new()));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|i| {
            let (count, map, barrier) = (count.clone(), map.clone(), barrier.clone());
            thread::spawn(move || {
                for _ in 0..5000 {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                map.lock().unwrap().insert(i, i * i);
                OWN.with(|own| own.set(own.get() + 1));
                barrier.wait().is_leader()
            })
        })
        .collect();
    let leaders = threads.into_iter().map(|t| t.join().unwrap()).filter(|&is| is).count();
    println!("count {} leaders {} own {}", count.load(Ordering::Relaxed), leaders, OWN.with(|own| own.get()));
    println!("{:?}", map.lock().unwrap());
}

fn test_channels() {
    let (sender, receiver) = mpsc::channel();
    for id in 0..4 {
        let sender = sender.clone();
        thread::spawn(move || (0..100).for_each(|n| sender.send(id * 100 + n).unwrap()));
    }
    drop(sender);
    println!("received {}", receiver.iter().sum::<i32>());
    let (_keep, empty) = mpsc::channel::<i32>();
    println!("{:?}", empty.recv_timeout(Duration::from_millis(10)));
}

fn test_conditions() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = pair.clone();
    let thread = thread::spawn(move || {
        *other.0.lock().unwrap() = true;
        other.1.notify_one();
    });
    let mut ready = pair.0.lock().unwrap();
    while !*ready {
        ready = pair.1.wait(ready).unwrap();
    }
    drop(ready);
    thread.join().unwrap();
    let lock = RwLock::new(5);
    println!("readers {} {}", *lock.read().unwrap(), *lock.read().unwrap());
}

fn test_time() {
    let start = Instant::now();
    thread::sleep(Duration::from_millis(20));
    println!("slept {}", start.elapsed() >= Duration::from_millis(19));
    println!("after 2020 {}", SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() > 1_577_836_800);
}

fn test_files() -> io::Result<()> {
    fs::create_dir_all("rust.dir/a/b")?;
    fs::write("rust.dir/a/one.txt", "one\n")?;
    fs::copy("rust.dir/a/one.txt", "rust.dir/a/b/copy.txt")?;
    let mut names: Vec<_> = fs::read_dir("rust.dir/a")?.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    println!("{:?}", names);
    let mut file = fs::OpenOptions::new().read(true).write(true).open("rust.dir/a/one.txt")?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(b"two\n")?;
    file.seek(SeekFrom::Start(2))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    println!("{:?} {}", text, file.metadata()?.len());
    drop(file);
    println!("{:?}", fs::metadata("rust.dir/none").map(|_| ()).map_err(|e| e.kind()));
    println!("{:?}", fs::remove_dir("rust.dir").map_err(|e| e.raw_os_error()));
    fs::remove_dir_all("rust.dir")?;
    Ok(())
}

fn test_processes() -> io::Result<()> {
    let me = env::current_exe()?;
    let mut child = Command::new(&me)
        .args(&["child", "two words", "a\"b\\", ""])
        .env("ALBIREO", "passed on")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().unwrap().write_all(b"one\ntwo\n")?;
    let output = child.wait_with_output()?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    println!("code {:?}", output.status.code());
    let mut sleeper = Command::new(&me).arg("sleep").spawn()?;
    println!("still runs {}", sleeper.try_wait()?.is_none());
    sleeper.kill()?;
    println!("killed {:?}", sleeper.wait()?.code());
    println!("{:?}", Command::new("no-such-program").spawn().map(|_| ()).map_err(|e| e.kind()));
    Ok(())
}

fn test_panics() {
    let result = thread::spawn(|| -> i32 { panic!("on purpose") }).join();
    println!("thread panicked {}", result.is_err());
    println!("caught {}", panic::catch_unwind(|| vec![1, 2, 3][env::args().count() + 5]).is_err());
}

fn child() -> ! {
    println!("child {:?} {:?}", env::args().skip(2).collect::<Vec<_>>(), env::var("ALBIREO"));
    for line in io::stdin().lock().lines() {
        println!("child read {}", line.unwrap());
    }
    process::exit(17)
}

fn main() {
    match env::args().nth(1).as_deref() {
        Some("child") => child(),
        Some("sleep") => thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    panic::set_hook(Box::new(|_| {}));
    test_threads();
    test_channels();
    test_conditions();
    test_time();
    test_files().unwrap();
    test_processes().unwrap();
    test_panics();
    eprintln!("to standard error");
    process::exit(5);
}
