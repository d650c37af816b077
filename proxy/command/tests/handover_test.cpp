// Both ends of a hot restart in one process: what they say, and who is turned away.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "proxy/command/failure.hpp"
#include "proxy/command/handover_message.hpp"
#include "proxy/command/socket_file.hpp"
#include "proxy/command/succession.hpp"

namespace regatta::proxy::command {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class Handover : public ::testing::Test {
 protected:
  Handover() { std::filesystem::create_directories(folder_); }
  ~Handover() override { std::filesystem::remove_all(folder_); }

  std::string path(std::string const& name = "handover") const { return folder_ + "/" + name; }

  // Speaks as a successor of whatever kind.
  static descriptor connect_to(std::string const& path) {
    descriptor peer(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return peer;
  }
  bool is_log_about(std::string const& event) const {
    std::ifstream file(path("log"));
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return text.find("\"" + event + "\"") != text.npos;
  }

  std::string const folder_ = ::testing::TempDir() + "regatta_handover_" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(Handover, PassesEverySocketToWhoAsksForItsAddress) {
  doors open;
  open.push_back(door::open("127.0.0.1:0", 16));
  open.push_back(door::open("unix:" + path("door"), 16));
  open.push_back(door::open("127.0.0.1:0", 16));
  log events(path("log"), log_level::debug);
  succession_offer offer(path());
  std::optional<predecessor> before;
  std::thread successor([&] { before = predecessor::find(path()); });
  while (offer.descriptor() < 0) std::this_thread::yield();
  int const listening = offer.descriptor();
  while (offer.descriptor() == listening) (void)offer.hear(open, events);
  successor.join();
  ASSERT_TRUE(before);
  // By where it really listens, as it was written, and each only once.
  auto const third = before->take(open[2].where().text());
  auto const unix = before->take("unix:" + path("door"));
  auto const first = before->take("127.0.0.1:0");
  ASSERT_TRUE(third && unix && first);
  EXPECT_EQ(third->where(), open[2].where());
  EXPECT_EQ(unix->where(), open[1].where());
  EXPECT_EQ(first->where(), open[0].where());
  EXPECT_FALSE(before->take("127.0.0.1:1"));

  std::thread asking([&] { before->ask_for_release(); });
  while (!offer.hear(open, events)) std::this_thread::yield();
  EXPECT_THAT(offer.adopted(), ElementsAre(2, 1, 0));
  offer.release();
  asking.join();
  // The name is free for the successor.
  succession_offer const next(path());
}

TEST_F(Handover, TheSocketIsForItsUserOnly) {
  succession_offer const offer(path());
  struct stat file{};
  ASSERT_EQ(::stat(path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777u, 0600u);
}

TEST_F(Handover, GoesWithTheProcessThatOffersIt) {
  {
    succession_offer const offer(path());
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Handover, PeersThatAreNoSuccessorsAreTurnedAwayAndTheNextOneIsHeard) {
  doors open;
  open.push_back(door::open("127.0.0.1:0", 16));
  log events(path("log"), log_level::debug);
  succession_offer offer(path());
  for (std::string const garbage : {"hello", "{}", "[1, 2", "{\"step\": \"ready\"}", ""}) {
    auto peer = connect_to(path());
    EXPECT_FALSE(offer.hear(open, events));
    if (!garbage.empty()) {
      EXPECT_GT(::send(peer.get(), garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
    }
    peer.close();
    EXPECT_FALSE(offer.hear(open, events)) << garbage;
  }
  EXPECT_TRUE(is_log_about("successor_turned_away"));
  auto const peer = connect_to(path());
  EXPECT_FALSE(offer.hear(open, events));
  auto const greeting = receive_message(peer, milliseconds(1'000));
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->sockets.size(), 1u);
  EXPECT_TRUE(send_message(peer, {{"step", "ready"}, {"adopts", {0, 7, "x"}}}));
  EXPECT_TRUE(offer.hear(open, events));
  EXPECT_THAT(offer.adopted(), ElementsAre(0));
}

TEST_F(Handover, ASuccessorThatSaysNothingYetIsWaitedFor) {
  doors const none;
  log events(path("log"), log_level::debug);
  succession_offer offer(path());
  int const listening = offer.descriptor();
  auto const peer = connect_to(path());
  EXPECT_FALSE(offer.hear(none, events));
  EXPECT_FALSE(offer.hear(none, events));
  EXPECT_NE(offer.descriptor(), listening);
  EXPECT_FALSE(is_log_about("successor_turned_away"));
}

TEST_F(Handover, FindsNobodyWhereNobodyListens) {
  EXPECT_FALSE(predecessor::find(path()));
  // The file of one that was killed.
  {
    door const dead = door::open("unix:" + path(), 1);
  }
  EXPECT_TRUE(std::filesystem::exists(path()));
  EXPECT_FALSE(predecessor::find(path()));
  succession_offer const offer(path());
}

TEST_F(Handover, AProcessThatIsNoProxyIsAFailure) {
  descriptor const other(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  std::thread stranger([&] {
    descriptor const come(::accept4(other.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_GT(::send(come.get(), "hello", 5, MSG_NOSIGNAL), 0);
  });
  EXPECT_THROW((void)predecessor::find(path()), failure);
  stranger.join();
}

TEST_F(Handover, AFileThatIsNoSocketIsNotRemoved) {
  std::ofstream(path()) << "precious";
  EXPECT_THROW(remove_stale_socket_file("--handover", path()), failure);
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(Handover, ASocketOnWhichSomebodyListensIsNotRemoved) {
  door const open = door::open("unix:" + path(), 1);
  EXPECT_THROW(remove_stale_socket_file("--listen", path()), failure);
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(Handover, ThePlaceThatIsNotAsLongAsASocketsNameMayBeIsSaid) {
  EXPECT_THROW(succession_offer(path(std::string(200, 'x'))), failure);
  EXPECT_THROW((void)predecessor::find(path(std::string(200, 'x'))), failure);
}

}  // namespace
}  // namespace regatta::proxy::command
