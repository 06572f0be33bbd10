// What a program of C++ asks of its library: threads, streams, clocks, containers, locales.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <shared_mutex>
#include <sstream>
#include <thread>
#include <vector>

namespace fs = std::filesystem;

namespace {

thread_local int own = 1;

void test_threads()
{
	std::vector<std::thread> threads;
	std::atomic<int> sum{0};
	std::mutex mutex;
	int plain = 0;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([&, i] {
			for (int round = 0; round < 5000; round++) {
				sum += i;
				std::lock_guard<std::mutex> hold(mutex);
				plain++;
			}
			own += i;
		});
	for (auto &thread : threads)
		thread.join();
	std::cout << "sum " << sum << " plain " << plain << " own " << own << "\n";
}

void test_conditions()
{
	std::condition_variable changed;
	std::mutex mutex;
	int turn = 0;
	std::string said;
	auto speak = [&](int me, const char *word) {
		for (int i = 0; i < 5; i++) {
			std::unique_lock<std::mutex> hold(mutex);
			changed.wait(hold, [&] { return turn == me; });
			said += word;
			turn = !me;
			changed.notify_all();
		}
	};
	std::thread ping(speak, 0, "ping "), pong(speak, 1, "pong ");

	ping.join();
	pong.join();
	std::cout << said << "\n";
	std::unique_lock<std::mutex> hold(mutex);
	std::cout << "timeout " << !changed.wait_for(hold, std::chrono::milliseconds(20), [] { return false; }) << "\n";
}

void test_futures()
{
	std::promise<int> promise;
	auto future = promise.get_future();
	std::thread thread([&] { promise.set_value(42); });
	auto sum = std::async(std::launch::async, [] {
		std::vector<int> numbers(1000);
		std::iota(numbers.begin(), numbers.end(), 1);
		return std::accumulate(numbers.begin(), numbers.end(), 0);
	});

	std::cout << "promise " << future.get() << " async " << sum.get() << "\n";
	thread.join();
	std::once_flag once;
	int calls = 0;
	for (int i = 0; i < 3; i++)
		std::call_once(once, [&] { calls++; });
	std::shared_mutex shared;
	std::shared_lock<std::shared_mutex> first(shared), second(shared);
	std::cout << "calls " << calls << " shared twice\n";
}

void test_clocks()
{
	auto before = std::chrono::steady_clock::now();

	std::this_thread::sleep_for(std::chrono::milliseconds(20));
	auto slept = std::chrono::steady_clock::now() - before;
	std::cout << "slept " << (slept >= std::chrono::milliseconds(19)) << "\n";
	auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
	std::cout << "later than 2020 " << (now > 1577836800) << "\n";
}

void test_files()
{
	fs::create_directories("lib.dir/a/b");
	std::ofstream("lib.dir/a/one.txt") << "one\n";
	std::ofstream("lib.dir/a/b/two.txt", std::ios::binary) << "two\n";
	std::vector<std::string> names;
	for (const auto &entry : fs::recursive_directory_iterator("lib.dir"))
		names.push_back(entry.path().generic_string() + (entry.is_directory() ? "/" : ""));
	std::sort(names.begin(), names.end());
	for (const auto &name : names)
		std::cout << name << "\n";
	std::cout << "sizes " << fs::file_size("lib.dir/a/one.txt") << " " << fs::file_size("lib.dir/a/b/two.txt") << "\n";
	fs::rename("lib.dir/a/one.txt", "lib.dir/uno.txt");
	std::string line;
	std::ifstream("lib.dir/uno.txt") >> line;
	std::cout << "read " << line << " gone " << !fs::exists("lib.dir/a/one.txt") << "\n";
	std::cout << "removed " << fs::remove_all("lib.dir") << "\n";
	std::error_code error;
	static_cast<void>(fs::file_size("lib.dir/none", error));
	std::cout << "error " << (error == std::errc::no_such_file_or_directory) << "\n";
}

void test_text()
{
	std::map<std::string, int> words;
	std::istringstream in("the quick the lazy the dog");
	std::mt19937 random(1);

	for (std::string word; in >> word;)
		words[word]++;
	for (const auto &[word, count] : words)
		std::cout << word << "=" << count << " ";
	std::cout << "\n" << std::hex << 255 << std::dec << " " << std::setw(8) << std::setprecision(3) << 3.14159 << " "
		  << std::boolalpha << true << " " << random() << "\n";
}

}

int main()
{
	test_threads();
	test_conditions();
	test_futures();
	test_clocks();
	test_files();
	test_text();
	return 0;
}
