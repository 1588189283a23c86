#include "provider/local/remove_tree.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace slipway::provider::local {
namespace {

namespace fs = std::filesystem;

class RemoveTree : public testing::Test {
 protected:
  RemoveTree() {
    std::string name = "/tmp/slipway-tree-XXXXXX";
    root = ::mkdtemp(name.data());
    fs::create_directory(root / "tree");
  }
  ~RemoveTree() override { (void)remove_tree(root); }
  static void touch(const fs::path& file) { std::ofstream(file) << "x"; }

  fs::path root;
};

TEST_F(RemoveTree, takes_away_what_has_no_right_to_be_written) {
  fs::create_directories(root / "tree/pkg/mod/x");
  touch(root / "tree/pkg/mod/x/f");
  for (const auto* folder : {"tree/pkg/mod/x", "tree/pkg/mod", "tree/pkg", "tree"}) {
    ASSERT_EQ(::chmod((root / folder).c_str(), 0500), 0);
  }
  ASSERT_TRUE(remove_tree(root / "tree"));
  EXPECT_FALSE(fs::exists(root / "tree"));
  EXPECT_TRUE(remove_tree(root / "tree")) << "what is not there is fine";
}

TEST_F(RemoveTree, takes_away_what_lies_deeper_than_there_are_descriptors_or_than_a_path_is_long) {
  const auto before = fs::current_path();
  fs::current_path(root / "tree");
  for (int level = 0; level < 3000; ++level) {
    ASSERT_EQ(::mkdir("folder", 0700), 0) << level;
    ASSERT_EQ(::chdir("folder"), 0);
    if (level % 500 == 0) touch("file");
  }
  fs::current_path(before);
  ASSERT_TRUE(remove_tree(root / "tree"));
  EXPECT_FALSE(fs::exists(root / "tree"));
}

TEST_F(RemoveTree, follows_no_link) {
  fs::create_directory(root / "other");
  touch(root / "other/kept");
  fs::create_directory_symlink(root / "other", root / "tree/link");
  ASSERT_TRUE(remove_tree(root / "tree"));
  EXPECT_TRUE(fs::exists(root / "other/kept"));
  fs::create_directory_symlink(root / "other", root / "tree");
  ASSERT_TRUE(remove_tree(root / "tree"));
  EXPECT_TRUE(fs::exists(root / "other/kept"));
}

TEST_F(RemoveTree, says_what_stays) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may remove everything";
  fs::create_directory(root / "tree/inner");
  ASSERT_EQ(::chmod(root.c_str(), 0500), 0);
  const auto removed = remove_tree(root / "tree");
  ASSERT_EQ(::chmod(root.c_str(), 0700), 0);
  EXPECT_EQ(removed.error().code, "DirectoryNotRemoved");
  EXPECT_NE(removed.error().message.find((root / "tree").native()), std::string::npos);
}

}  // namespace
}  // namespace slipway::provider::local
