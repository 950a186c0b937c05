#include "store/reader_pool.h"

namespace pennon::store {

base::Result<std::unique_ptr<ReaderPool>> ReaderPool::Open(const std::string& location,
                                                           std::size_t count,
                                                           const base::Clock& clock) {
  std::unique_ptr<ReaderPool> pool(new ReaderPool);
  for (std::size_t i = 0; i < count; ++i) {
    auto database = Database::OpenToRead(location);
    if (!database) return base::Fail(database.error());
    pool->readers_.push_back(std::make_unique<Reader>(*std::move(database), clock));
  }
  return pool;
}

void ReaderPool::Start() {
  for (const auto& reader : readers_) reader->thread.Start();
}

void ReaderPool::Stop() {
  for (const auto& reader : readers_) reader->thread.Stop();
}

void ReaderPool::Put(std::shared_ptr<const EnvironmentSet> set) {
  const std::lock_guard lock(mutex_);
  const std::string environment = set->environment;
  sets_[environment] = std::move(set);
}

void ReaderPool::Remove(const std::string& environment) {
  const std::lock_guard lock(mutex_);
  sets_.erase(environment);
}

bool ReaderPool::Post(std::function<void(Api&)> task) {
  std::size_t turn = 0;
  {
    const std::lock_guard lock(mutex_);
    turn = next_++ % readers_.size();
  }
  Reader& reader = *readers_[turn];
  return reader.thread.Post([this, &reader, task = std::move(task)] { Run(reader, task); });
}

void ReaderPool::Run(Reader& reader, const std::function<void(Api&)>& task) {
  {
    const std::lock_guard lock(mutex_);
    reader.ledger->Adopt(sets_);
  }
  bool ran = false;
  const auto read = reader.database.Snapshot([&]() -> base::Result<void> {
    ran = true;
    task(reader.api);
    return {};
  });
  // The database did not even begin: the request finds out, and says so.
  if (!read && !ran) task(reader.api);
}

}  // namespace pennon::store
