// C++'s threads, locks, futures and exceptions, and how a program with threads ends.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace std::chrono_literals;

template <class Run> static void in_threads(int count, Run run)
{
	std::vector<std::thread> threads;
	for (int i = 0; i < count; i++)
		threads.emplace_back(run, i);
	for (auto &thread : threads)
		thread.join();
}

static void sums()
{
	std::mutex lock;
	long sum = 0;
	in_threads(8, [&](int i) {
		for (int k = 0; k < 1000; k++) {
			std::lock_guard guard(lock);
			sum += i;
		}
	});
	printf("%ld %d\n", sum, lock.try_lock());
	lock.unlock();
}

static void atomics()
{
	std::atomic<long> sum{0}, highest{0};
	in_threads(8, [&](int i) {
		for (int k = 0; k < 5000; k++)
			sum.fetch_add(1, std::memory_order_relaxed);
		long seen = highest;
		while (seen < i && !highest.compare_exchange_weak(seen, i))
			;
	});
	printf("%ld %ld\n", sum.load(), highest.load());
}

static void turns()
{
	std::mutex lock;
	std::condition_variable changed;
	int turn = 0;
	in_threads(2, [&](int me) {
		for (int i = 0; i < 200; i++) {
			std::unique_lock guard(lock);
			changed.wait(guard, [&] { return turn == 2 * i + me; });
			turn++;
			changed.notify_all();
		}
	});
	printf("%d\n", turn);
}

static void timeouts()
{
	std::mutex lock;
	std::condition_variable never;
	std::unique_lock guard(lock);
	auto start = std::chrono::steady_clock::now();
	bool came = never.wait_for(guard, 20ms, [] { return false; });
	printf("%d %d\n", came, std::chrono::steady_clock::now() - start >= 20ms);
	std::timed_mutex timed;
	timed.lock();
	std::thread([&] {
		printf("%d ", timed.try_lock());
		printf("%d\n", timed.try_lock_for(10ms));
	}).join();
	timed.unlock();
}

static void readers()
{
	std::shared_mutex lock;
	std::map<int, int> map;
	std::atomic<int> found{0};
	in_threads(8, [&](int i) {
		for (int k = 0; k < 50; k++) {
			{
				std::unique_lock guard(lock);
				map[i * 100 + k] = k;
			}
			std::shared_lock guard(lock);
			found += map.count(i * 100 + k);
		}
	});
	printf("%zu %d\n", map.size(), found.load());
}

static void futures()
{
	std::vector<std::future<int>> results;
	for (int i = 0; i < 10; i++)
		results.push_back(std::async(std::launch::async, [i] { return i * i; }));
	for (auto &result : results)
		printf("%d ", result.get());
	auto lazy = std::async(std::launch::deferred, [] { return 7; });
	printf("%d ", lazy.wait_for(0s) == std::future_status::deferred);
	printf("%d\n", lazy.get());
	std::promise<std::string> promise;
	auto future = promise.get_future();
	printf("%d ", future.wait_for(10ms) == std::future_status::timeout);
	std::thread([&] { promise.set_value("promised"); }).join();
	printf("%s\n", future.get().c_str());
	std::packaged_task<int(int)> task([](int x) { return x + 1; });
	auto of_task = task.get_future();
	std::thread(std::move(task), 41).join();
	printf("%d\n", of_task.get());
}

static void exceptions()
{
	auto failed = std::async(std::launch::async, []() -> int { throw std::runtime_error("in a thread"); });
	try {
		failed.get();
	} catch (const std::exception &error) {
		printf("%s\n", error.what());
	}
	std::atomic<int> caught{0};
	in_threads(8, [&](int i) {
		for (int k = 0; k < 100; k++) {
			try {
				throw std::out_of_range(std::to_string(i));
			} catch (const std::logic_error &error) {
				caught += error.what() == std::to_string(i);
			}
		}
	});
	printf("%d\n", caught.load());
	auto forgotten = std::promise<int>().get_future();
	try {
		forgotten.get();
	} catch (const std::future_error &error) {
		printf("%d\n", error.code() == std::future_errc::broken_promise);
	}
}

struct Counted {
	static inline std::atomic<int> alive{0};
	int value = 5;
	Counted() { alive++; }
	~Counted() { alive--; }
};

static void own_data()
{
	std::atomic<int> sum{0};
	in_threads(6, [&](int i) {
		static thread_local Counted own;
		own.value += i;
		sum += own.value;
	});
	printf("%d %d\n", sum.load(), Counted::alive.load());
}

static void once()
{
	std::once_flag flag;
	int runs = 0, tries = 0;
	std::mutex lock;
	in_threads(10, [&](int) {
		try {
			std::call_once(flag, [&] {
				std::lock_guard guard(lock);
				if (++tries < 3)
					throw 1;
				runs++;
			});
		} catch (int) {
		}
	});
	printf("%d %d\n", runs, tries);
	static int built;
	in_threads(10, [](int) { static Counted shared; built = shared.value; });
	printf("%d\n", built);
}

static void shared_pointers()
{
	auto shared = std::make_shared<Counted>();
	std::weak_ptr<Counted> weak = shared;
	in_threads(8, [copy = shared](int) {
		for (int k = 0; k < 500; k++)
			std::shared_ptr<Counted> own = copy;
	});
	printf("%ld %d ", shared.use_count(), Counted::alive.load());
	shared.reset();
	printf("%d %d\n", weak.expired(), Counted::alive.load());
}

static void many()
{
	std::atomic<int> count{0};
	for (int i = 0; i < 20; i++)
		in_threads(20, [&](int) { count++; });
	printf("%d %d\n", count.load(), std::thread::hardware_concurrency() > 0);
}

static void parallel_sort()
{
	std::vector<unsigned> numbers(60000);
	unsigned x = 1;
	for (auto &number : numbers)
		number = x = x * 1664525 + 1013904223;
	in_threads(4, [&](int i) { std::sort(numbers.begin() + i * 15000, numbers.begin() + (i + 1) * 15000); });
	std::inplace_merge(numbers.begin(), numbers.begin() + 15000, numbers.begin() + 30000);
	std::inplace_merge(numbers.begin() + 30000, numbers.begin() + 45000, numbers.end());
	std::inplace_merge(numbers.begin(), numbers.begin() + 30000, numbers.end());
	printf("%d\n", std::is_sorted(numbers.begin(), numbers.end()));
}

static void deadlock_free()
{
	std::mutex a, b;
	int count = 0;
	in_threads(2, [&](int i) {
		for (int k = 0; k < 300; k++) {
			if (i) {
				std::scoped_lock both(a, b);
				count++;
			} else {
				std::scoped_lock both(b, a);
				count++;
			}
		}
	});
	std::recursive_mutex again;
	again.lock();
	printf("%d %d\n", count, again.try_lock());
	again.unlock();
	again.unlock();
}

static void sleeping()
{
	auto start = std::chrono::steady_clock::now();
	std::this_thread::sleep_for(10ms);
	std::this_thread::sleep_until(start + 20ms);
	printf("%d\n", std::chrono::steady_clock::now() - start >= 20ms);
	std::this_thread::yield();
	std::thread detached([] {});
	printf("%d ", detached.joinable());
	detached.detach();
	printf("%d\n", detached.joinable());
}

static void errors()
{
	try {
		std::thread().join();
	} catch (const std::system_error &error) {
		printf("%d\n", error.code() == std::errc::invalid_argument);
	}
	std::mutex lock;
	std::unique_lock guard(lock);
	try {
		guard.lock();
	} catch (const std::system_error &error) {
		printf("%d\n", error.code() == std::errc::resource_deadlock_would_occur);
	}
}

// A bounded queue between three that put and three that take.
static void queue()
{
	std::mutex lock;
	std::condition_variable changed;
	std::vector<int> waiting;
	long sum = 0;
	int taken = 0;
	in_threads(6, [&](int i) {
		for (int k = 1; k <= 300; k++) {
			std::unique_lock guard(lock);
			changed.wait(guard, [&] { return i % 2 ? !waiting.empty() : waiting.size() < 4; });
			if (i % 2) {
				sum += waiting.back();
				waiting.pop_back();
				taken++;
			} else {
				waiting.push_back(k);
			}
			changed.notify_all();
		}
	});
	printf("%ld %d %zu\n", sum, taken, waiting.size());
}

// A child of a process with threads has one, and may start its own.
static void forked()
{
	std::atomic<bool> stop{false};
	std::thread busy([&] {
		while (!stop)
			std::this_thread::yield();
	});
	int right = 0;
	for (int i = 0; i < 20; i++) {
		pid_t child = fork();
		if (!child) {
			int own = 0;
			std::thread([&] { own = 3; }).join();
			_exit(own);
		}
		int status;
		waitpid(child, &status, 0);
		right += WIFEXITED(status) && WEXITSTATUS(status) == 3;
	}
	stop = true;
	busy.join();
	printf("%d\n", right);
}

static void uncaught()
{
	std::thread([] { throw 5; }).join();
}

static void unjoined()
{
	std::mutex lock;
	lock.lock();
	std::thread waiting([&] { lock.lock(); });
}

static void leaving()
{
	std::atexit([] { puts("at exit"); });
	std::thread([] { std::exit(6); }).join();
}

// Run what does not come back in a process of its own, and tell how that ended.
static void ending(void (*run)())
{
	int status;

	if (!fork()) {
		run();
		_exit(99);
	}
	wait(&status);
	printf("exit %d signal %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

static const struct {
	const char *name;
	void (*run)();
	bool ends = false;
} steps[] = {
	{"sums", sums}, {"atomics", atomics}, {"turns", turns}, {"timeouts", timeouts}, {"readers", readers},
	{"futures", futures}, {"exceptions", exceptions}, {"own data", own_data}, {"once", once},
	{"shared pointers", shared_pointers}, {"many", many}, {"parallel sort", parallel_sort},
	{"deadlock free", deadlock_free}, {"sleeping", sleeping}, {"errors", errors}, {"queue", queue}, {"fork", forked},
	{"uncaught", uncaught, true}, {"unjoined", unjoined, true}, {"leaving", leaving, true},
};

int main()
{
	const struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	setvbuf(stdout, nullptr, _IOLBF, 0);
	for (auto &step : steps) {
		printf("$ %s\n", step.name);
		if (step.ends)
			ending(step.run);
		else
			step.run();
	}
	return 7;
}
