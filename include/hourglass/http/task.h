#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace hourglass::http {

namespace detail {

/// What the promises of tasks have in common.
struct PromiseBase {
    std::coroutine_handle<> continuation{};  ///< who awaits the task
    std::coroutine_handle<> root{};          ///< the outermost coroutine, which owns all that it awaits

    /// Goes on with whoever awaits.
    struct FinalAwaiter {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept {
            const auto next = done.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
};

/// The root of the coroutine that suspends, as far as it has one.
template <typename Promise>
std::coroutine_handle<> root_of(std::coroutine_handle<Promise> coroutine) noexcept {
    if constexpr (std::derived_from<Promise, PromiseBase>)
        return coroutine.promise().root;
    else
        return {};
}

template <typename T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace detail

/// A coroutine that gives a T, or ends with an exception, to whoever awaits it. It runs when it is awaited, or started
/// by `start`; it is sans-I/O, and goes on inside of the callback that it waits for.
template <typename T = void>
class [[nodiscard]] Task {
  public:
    struct promise_type;

    Task() = default;
    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(coroutine_, other.coroutine_);
        return *this;
    }
    ~Task() {
        if (coroutine_) coroutine_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
        coroutine_.promise().continuation = awaiting;
        coroutine_.promise().root = detail::root_of(awaiting);
        return coroutine_;
    }
    T await_resume() { return coroutine_.promise().take(); }

  private:
    explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
    std::coroutine_handle<promise_type> coroutine_{};
};

namespace detail {

template <typename T>
struct TaskPromise : PromiseBase {
    std::variant<std::monostate, T, std::exception_ptr> result{};
    void unhandled_exception() { result.template emplace<2>(std::current_exception()); }
    template <typename U>
    void return_value(U&& value) {
        result.template emplace<1>(std::forward<U>(value));
    }
    T take() {
        if (result.index() == 2) std::rethrow_exception(std::get<2>(result));
        return std::move(std::get<1>(result));
    }
};

template <>
struct TaskPromise<void> : PromiseBase {
    std::exception_ptr exception{};
    void unhandled_exception() { exception = std::current_exception(); }
    void return_void() const noexcept {}
    void take() const {
        if (exception) std::rethrow_exception(exception);
    }
};

/// The outermost coroutine of those that go on by themselves. It owns its frame.
struct Detached {
    struct promise_type : PromiseBase {
        Detached get_return_object() {
            root = std::coroutine_handle<promise_type>::from_promise(*this);
            return {};
        }
        [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
        [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const { std::terminate(); }
    };
};

inline Detached run_detached(Task<void> task, std::function<void(std::exception_ptr)> failed) {
    std::exception_ptr failure;
    try {
        co_await std::move(task);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure && failed) failed(failure);
}

}  // namespace detail

template <typename T>
struct Task<T>::promise_type : detail::TaskPromise<T> {
    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
};

/// Runs a task until it has to wait; from there on it goes on by itself. `failed` is told of an exception that leaves
/// it.
inline void start(Task<void> task, std::function<void(std::exception_ptr)> failed = {}) {
    detail::run_detached(std::move(task), std::move(failed));
}

namespace detail {

/// What a coroutine that waits for a callback shares with the callback.
template <typename T>
struct Waiting {
    std::coroutine_handle<> coroutine{};  ///< none once it has gone on, or been destroyed
    std::coroutine_handle<> root{};
    std::optional<Stored<T>> result{};
    bool starting = false;

    void finish(Stored<T> value) {
        if (result) return;
        result.emplace(std::move(value));
        if (const auto waits = starting ? std::coroutine_handle<>() : std::exchange(coroutine, {})) waits.resume();
    }
};

/// Held by the copies of a callback. When the last one goes without a call, nobody will ever go on with the coroutine:
/// it is destroyed from its root on.
template <typename T>
struct Trigger {
    explicit Trigger(std::shared_ptr<Waiting<T>> of) : waiting(std::move(of)) {}
    Trigger(const Trigger&) = delete;
    Trigger& operator=(const Trigger&) = delete;
    ~Trigger() {
        if (waiting->result || !waiting->coroutine || !waiting->root || waiting->starting) return;
        waiting->coroutine = {};
        waiting->root.destroy();
    }
    std::shared_ptr<Waiting<T>> waiting;
};

template <typename T>
struct CallbackType {
    using type = std::function<void(T)>;
};
template <>
struct CallbackType<void> {
    using type = std::function<void()>;
};

template <typename T, typename Start>
class CallbackAwaiter {
  public:
    explicit CallbackAwaiter(Start begin) : begin_(std::move(begin)) {}
    CallbackAwaiter(const CallbackAwaiter&) = delete;
    CallbackAwaiter& operator=(const CallbackAwaiter&) = delete;
    ~CallbackAwaiter() { waiting_->coroutine = {}; }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) {
        const auto waiting = waiting_;
        waiting->coroutine = awaiting;
        waiting->root = root_of(awaiting);
        waiting->starting = true;
        {
            const auto trigger = std::make_shared<Trigger<T>>(waiting);
            if constexpr (std::is_void_v<T>)
                begin_(typename CallbackType<T>::type([trigger] { trigger->waiting->finish({}); }));
            else
                begin_(
                    typename CallbackType<T>::type([trigger](T value) { trigger->waiting->finish(std::move(value)); }));
            waiting->starting = false;
            if (waiting->result) {  // it was called at once
                waiting->coroutine = {};
                return false;
            }
        }
        return true;
    }
    T await_resume() {
        if constexpr (!std::is_void_v<T>) return std::move(*waiting_->result);
    }

  private:
    Start begin_;
    std::shared_ptr<Waiting<T>> waiting_ = std::make_shared<Waiting<T>>();
};

}  // namespace detail

/// Waits for a callback: `begin` is given a `std::function<void(T)>` that is to be called once, now or later, and the
/// value is the result of `co_await`. When it is dropped without a call, the coroutine and all that await it are
/// destroyed.
template <typename T = void, typename Begin>
[[nodiscard]] auto await_callback(Begin begin) {
    return detail::CallbackAwaiter<T, Begin>(std::move(begin));
}

}  // namespace hourglass::http
