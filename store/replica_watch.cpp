#include "store/replica_watch.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>

#include "store/postgres_driver.h"

namespace pennon::store {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

// Null when there is no connection to be had: then it is looked without notices.
Connection Listen(const std::string& address) {
  Connection connection(ConnectPostgres(address));
  if (PQstatus(connection.get()) != CONNECTION_OK) return nullptr;
  const std::string listen = "LISTEN " + std::string(kNoticeChannel);
  PQclear(PQexec(connection.get(), listen.c_str()));
  return connection;
}

// Reads what has come; false when the connection is gone.
bool Drain(PGconn* connection) {
  if (PQconsumeInput(connection) == 0) return false;
  while (PGnotify* notice = PQnotifies(connection)) PQfreemem(notice);
  return PQstatus(connection) == CONNECTION_OK;
}

}  // namespace

ReplicaWatch::ReplicaWatch(std::string address, std::function<void()> look)
    : address_(std::move(address)),
      look_(std::move(look)),
      stop_event_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { Run(); }) {}

ReplicaWatch::~ReplicaWatch() {
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(stop_event_, &one, sizeof(one));
  thread_.join();
  ::close(stop_event_);
}

void ReplicaWatch::Run() {
  Connection connection;
  while (!stopping_) {
    if (connection == nullptr) connection = Listen(address_);
    std::array<pollfd, 2> waits{{{stop_event_, POLLIN, 0}, {-1, POLLIN, 0}}};
    if (connection != nullptr) waits[1].fd = PQsocket(connection.get());
    ::poll(waits.data(), waits.size(), kReplicaPollMillis);
    if (stopping_) return;
    if (connection != nullptr && waits[1].revents != 0 && !Drain(connection.get())) {
      connection = nullptr;
    }
    look_();
  }
}

}  // namespace pennon::store
