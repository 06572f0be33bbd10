// C++ exceptions: order of destruction, nesting, threads, what nobody catches.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

namespace {

struct Guard {
	explicit Guard(std::string name) : name(std::move(name)) { std::printf("enter %s\n", this->name.c_str()); }
	~Guard() { std::printf("leave %s\n", name.c_str()); }
	std::string name;
};

struct Base {
	virtual ~Base() = default;
	virtual const char *say() const { return "base"; }
};

struct Derived : Base {
	const char *say() const override { return "derived"; }
};

__attribute__((noinline)) void dive(int depth)
{
	Guard guard("depth " + std::to_string(depth));

	if (depth == 0)
		throw std::runtime_error("from the depths");
	dive(depth - 1);
}

void test_unwinding()
{
	try {
		dive(4);
	} catch (const std::exception &e) {
		std::printf("caught %s\n", e.what());
	}
}

void test_kinds()
{
	try {
		throw 42;
	} catch (const std::exception &) {
		std::puts("wrong");
	} catch (int value) {
		std::printf("an int: %d\n", value);
	}
	try {
		throw Derived();
	} catch (const Base &base) {
		std::printf("by its base: %s\n", base.say());
	}
	try {
		throw std::make_unique<int>(5);
	} catch (const std::unique_ptr<int> &value) {
		std::printf("moved: %d\n", *value);
	}
	try {
		throw "text";
	} catch (...) {
		std::puts("anything");
	}
}

void test_rethrow()
{
	try {
		try {
			throw std::logic_error("first");
		} catch (const std::exception &) {
			Guard guard("handler");
			throw;
		}
	} catch (const std::logic_error &e) {
		std::printf("again: %s\n", e.what());
	}
	try {
		try {
			throw std::runtime_error("inner");
		} catch (...) {
			std::throw_with_nested(std::runtime_error("outer"));
		}
	} catch (const std::exception &e) {
		std::printf("nested: %s", e.what());
		try {
			std::rethrow_if_nested(e);
		} catch (const std::exception &inner) {
			std::printf(" in %s\n", inner.what());
		}
	}
}

void test_in_destructor_and_constructor()
{
	struct Throws {
		Guard member{"member"};
		Throws() { throw std::runtime_error("constructor"); }
	};

	try {
		Throws throws;
	} catch (const std::exception &e) {
		std::printf("caught from %s\n", e.what());
	}
	try {
		std::vector<int>().at(3);
	} catch (const std::out_of_range &) {
		std::puts("out of range");
	}
	try {
		std::vector<int> huge(static_cast<std::size_t>(-1) / 8);
	} catch (const std::bad_alloc &) {
		std::puts("bad alloc");
	} catch (const std::length_error &) {
		std::puts("length error");
	}
	try {
		Base base;
		static_cast<void>(dynamic_cast<Derived &>(base));
	} catch (const std::bad_cast &) {
		std::puts("bad cast");
	}
}

void test_threads()
{
	std::exception_ptr kept;
	std::thread thread([&] {
		try {
			dive(1);
		} catch (...) {
			kept = std::current_exception();
		}
	});

	thread.join();
	try {
		std::rethrow_exception(kept);
	} catch (const std::exception &e) {
		std::printf("across threads: %s\n", e.what());
	}
	auto result = std::async(std::launch::async, []() -> int { throw std::runtime_error("future"); });
	try {
		result.get();
	} catch (const std::exception &e) {
		std::printf("from a %s\n", e.what());
	}
}

void test_many()
{
	int caught = 0;

	for (int i = 0; i < 10000; i++) {
		try {
			if (i % 2)
				throw i;
			throw std::to_string(i);
		} catch (int) {
			caught++;
		} catch (const std::string &) {
			caught++;
		}
	}
	std::printf("caught %d\n", caught);
}

[[noreturn]] void last_words()
{
	std::puts("terminate");
	std::fflush(stdout);
	std::_Exit(21);
}

}

int main()
{
	test_unwinding();
	test_kinds();
	test_rethrow();
	test_in_destructor_and_constructor();
	test_threads();
	test_many();
	std::set_terminate(last_words);
	throw std::runtime_error("for nobody");
}
