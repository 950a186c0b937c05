#include "store/broadcast.h"

namespace pennon::store {

void Broadcast::Tell(const std::function<void(RequestHandler&)>& task) {
  for (std::size_t i = 0; i < handlers_.size(); ++i) {
    workers_.Post(i, [task, &handler = *handlers_[i]] { task(handler); });
  }
}

void Broadcast::OnEnvironment(std::shared_ptr<const EnvironmentSet> set) {
  readers_.Put(set);
  const auto body = std::make_shared<const SyncBody>(set, signer_);
  Tell([set, body](RequestHandler& handler) { handler.PutEnvironment(*set, body); });
  InParts([environment = set->environment](RequestHandler& handler) {
    return handler.TellSome(environment);
  });
}

void Broadcast::InParts(const Part& part) {
  for (std::size_t i = 0; i < handlers_.size(); ++i) InPartsOn(i, part);
}

void Broadcast::InPartsOn(std::size_t worker, const Part& part) {
  workers_.Post(worker, [this, worker, part] {
    if (part(*handlers_[worker])) InPartsOn(worker, part);
  });
}

void Broadcast::OnEnvironmentDeleted(const std::string& environment) {
  readers_.Remove(environment);
  Tell([environment](RequestHandler& handler) { handler.RemoveEnvironment(environment); });
}

void Broadcast::OnCredentials(std::shared_ptr<const Credentials> credentials) {
  Tell([credentials](RequestHandler& handler) { handler.SetCredentials(credentials); });
}

void Broadcast::OnNews(std::shared_ptr<const News> news) {
  Tell([news](RequestHandler& handler) { handler.PutNews(news); });
}

void Broadcast::OnPressed(const Pressed& pressed) {
  InParts([pressed](RequestHandler& handler) { return handler.AnswerOne(pressed); });
}

void Broadcast::Beat() {
  Tell([](RequestHandler& handler) { handler.Beat(); });
  InParts([](RequestHandler& handler) { return handler.TellSome(); });
}

void Broadcast::EndStreams() {
  Tell([](RequestHandler& handler) { handler.EndStreams(); });
}

}  // namespace pennon::store
