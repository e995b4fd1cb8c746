! SPDX-License-Identifier: BSD-2-Clause
! A Fortran program whose module's memory rules tell apart, by subroutine; see
! callers-place.sh.
program flow
  use fields
  implicit none
  type(holder), target :: pressure(200), velocity(200)
  call make_pressure(pressure, 100)
  call make_velocity(velocity, 100)
  call smooth(300000)
end program
